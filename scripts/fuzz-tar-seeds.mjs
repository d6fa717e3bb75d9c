// Archives as tools write them: by this package, and by hand what it does not write: GNU's long names, every form of sparse
// files, global pax headers.

export async function makeSeeds() {
	const { Tree } = await import("../lib/index.js");
	const { writeTar } = await import("../lib/tar/index.js");
	const pieces = [];
	for await (const piece of writeTar(treeToWrite(Tree))) pieces.push(piece);
	return [Buffer.concat(pieces), gnuArchive(), paxArchive()].map((bytes) => Uint8Array.from(bytes));
}

/** Also for layers: everything that an archive can have, and contents that are chunks. */
export function treeToWrite(Tree) {
	const tree = new Tree();
	tree.mkdir("/d", { mtimeNs: 1_700_000_000_123_456_789n, xattrs: [["user.a", Buffer.from("v\n=\0")]] });
	tree.writeFile("/d/file", Buffer.alloc(1000, "content "), { uid: 2 ** 31, gid: 70_000, mode: 0o4755 });
	tree.writeFile("/d/empty", new Uint8Array(0), { mtimeNs: 0n });
	tree.link("/d/file", "/again");
	tree.symlink("t".repeat(300), "/link");
	tree.writeFile(`/${"ü".repeat(120)}`, Buffer.from("long"));
	tree.writeFile("/d/\udcff", Buffer.from("no text"));
	tree.mknod("/null", "character-device", { major: 1, minor: 3 });
	tree.mknod("/pipe", "fifo");
	tree.whiteout("/d/gone");
	return tree;
}

function header({ name = "file", type = "0", size = 0, magic = "ustar\x0000", patches = [] }) {
	const block = Buffer.alloc(512);
	block.write(name, 0, "latin1");
	const octal = (value, length) => `${value.toString(8).padStart(length - 1, "0")}\0`;
	block.write(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(0, 12), 100, "latin1");
	block.write(`        ${type}`, 148, "latin1");
	block.write(magic, 257, "latin1");
	for (const [at, text] of patches) block.write(text, at, "latin1");
	const sum = block.reduce((total, byte) => total + byte, 0);
	block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
	return block;
}

function padded(content) {
	const bytes = Buffer.from(content);
	return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const END = Buffer.alloc(1024);
const GNU = "ustar  \0";
const octal = (value) => `${value.toString(8).padStart(11, "0")}\0`;

function gnuArchive() {
	const long = (type, text) => [
		header({ name: "././@LongLink", type, magic: GNU, size: text.length + 1 }),
		padded(`${text}\0`),
	];
	const map = [0, 512, 1024, 512, 4096, 0].map(octal).join("");
	const sparse = {
		name: "sparse",
		type: "S",
		magic: GNU,
		size: 1024,
		patches: [
			[386, map],
			[483, octal(8192)],
		],
	};
	return Buffer.concat([
		...long("L", "l".repeat(150)),
		...long("K", "k".repeat(150)),
		header({ name: "short", type: "2", magic: GNU }),
		header(sparse),
		Buffer.alloc(1024, "s"),
		header({ name: "dir/", type: "5", magic: GNU }),
		END,
	]);
}

function paxArchive() {
	const record = (key, value) => {
		const rest = ` ${key}=${value}\n`;
		let length = rest.length + 1;
		while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
		return `${length}${rest}`;
	};
	const pax = (records, type = "x") => {
		const body = Object.entries(records)
			.map(([key, value]) => record(key, value))
			.join("");
		return [header({ name: "PaxHeaders/x", type, size: body.length }), padded(body)];
	};
	const size = 100_000;
	const newest = {
		"GNU.sparse.major": 1,
		"GNU.sparse.minor": 0,
		"GNU.sparse.name": "s1",
		"GNU.sparse.realsize": size,
	};
	const older = {
		"GNU.sparse.size": size,
		"GNU.sparse.numblocks": 1,
		"GNU.sparse.name": "s2",
		"GNU.sparse.map": "512,512",
	};
	const body = Buffer.concat([padded("1\n512\n512\n"), Buffer.alloc(512, "d")]);
	return Buffer.concat([
		...pax({ comment: "all", mtime: "5.25", uid: 7 }, "g"),
		...pax({
			path: "a/b",
			mtime: "-1.5",
			uid: 2 ** 31,
			"SCHILY.xattr.user.a": "v",
			"LIBARCHIVE.xattr.user.b": "AAE=",
		}),
		header({ size: 5 }),
		padded("12345"),
		...pax(newest),
		header({ size: body.length }),
		body,
		...pax(older),
		header({ size: 512 }),
		Buffer.alloc(512, "d"),
		END,
	]);
}
