import { describe, expect, test } from "@jest/globals";
import { mount, mountImage } from "../../src/mount/mount.ts";
import { CANNOT_MOUNT, canMount, inMountNamespace } from "../support/mounting.ts";
import { describeIf } from "../support/needs.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const run = (body: string, wrapper?: readonly string[]) => inMountNamespace(at(), body, wrapper);

const ALL = { names: ["etc", "large", "odd \n name", "small"], right: ["large", "small", "odd \n name"] };

describe("before anything is mounted", () => {
	test("options are checked", async () => {
		await expect(mount("/image", "/target", { objects: [], verity: "require" })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
		});
		await expect(mountImage("/image", "/", { digest: "abc" })).rejects.toMatchObject({
			code: "ERR_COMPOSEFS_ARGUMENT",
			message: "a digest is 64 hexadecimal digits, not abc",
		});
	});

	test("a signal may have been aborted", async () => {
		const reason = new Error("enough");
		await expect(mountImage("/image", "/", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
	});

	test("there is a target, and an image", async () => {
		await expect(mountImage(at("image"), at("target"))).rejects.toMatchObject({
			code: "ENOENT",
			rule: "target",
		});
		await expect(mountImage(at("image"), at())).rejects.toMatchObject({ code: "ENOENT", path: at("image") });
		await expect(mountImage("/dev/null", at())).rejects.toMatchObject({ code: "ERR_COMPOSEFS_IMAGE" });
		await expect(mountImage({ fd: -1 }, at())).rejects.toMatchObject({ code: "ERR_COMPOSEFS_ARGUMENT" });
	});
});

describeIf("a mount", canMount, CANNOT_MOUNT, () => {
	test("shows the tree with its objects, and goes without a trace", () => {
		const result = run(`
			await makeWorld();
			const before = traces();
			const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"] });
			const { uid, gid, mode, mtimeMs } = fs.statSync("target/etc/inline");
			const seen = look();
			const details = {
				inline: fs.readFileSync("target/etc/inline", "utf8"), uid, gid, mode, mtimeMs,
				link: fs.readlinkSync("target/etc/link"),
				alias: fs.statSync("target/etc/alias").ino === fs.statSync("target/large").ino,
			};
			const write = await failureOf(fs.promises.writeFile("target/new", ""));
			await mounted.unmount();
			await mounted.unmount();
			return { seen, details, write: write.code, before, after: traces(), empty: fs.readdirSync("target") };`);
		expect(result).toMatchObject({
			seen: ALL,
			details: { inline: "inline\n", uid: 1000, gid: 1001, mode: 0o100640, mtimeMs: 12_500, link: "inline" },
			write: "EROFS",
			empty: [],
		});
		const { before, after, details } = result as Record<string, Record<string, unknown>>;
		expect(after).toEqual(before);
		expect(details?.alias).toBe(true);
	});

	test("takes an open image, Buffers and URLs, and follows a symlink to the target", () => {
		const result = run(`
			await makeWorld();
			fs.symlinkSync("target", "alias");
			const file = await fs.promises.open("rootfs.cfs");
			const objects = new URL("file://" + process.cwd() + "/objects");
			const mounted = await mount(file, Buffer.from("alias"), { objects: [objects] });
			const seen = look();
			await mounted.unmount();
			await file.stat();
			await file.close();
			return { seen, target: mounted.target, empty: fs.readdirSync("target") };`);
		expect(result).toEqual({ seen: ALL, target: at("target"), empty: [] });
	});

	test("looks objects up in several stores", () => {
		const result = run(`
			await makeWorld();
			fs.renameSync("objects", "first");
			fs.mkdirSync("objects");
			const { path } = await putObject(CONTENTS.small);
			fs.rmSync("first/" + path);
			const one = await mount("rootfs.cfs", "target", { objects: ["first"] });
			const without = look().right;
			await one.unmount();
			const two = await mount("rootfs.cfs", "target", { objects: ["first", "objects"] });
			const withBoth = look();
			await two.unmount();
			return { without, withBoth };`);
		expect(result).toEqual({ without: ["large", "odd \n name"], withBoth: ALL });
	});

	test("takes changes with upperdir and workdir, unless it is read-only", () => {
		const result = run(`
			await makeWorld();
			const folders = { objects: ["objects"], upperdir: "up", workdir: "work" };
			const first = await mount("rootfs.cfs", "target", folders);
			fs.appendFileSync("target/small", "!");
			fs.rmSync("target/large");
			fs.writeFileSync("target/etc/new", "new");
			await first.unmount();
			const second = await mount("rootfs.cfs", "target", { ...folders, readOnly: true });
			const after = [fs.readFileSync("target/small", "utf8"), fs.existsSync("target/large"), fs.readdirSync("target/etc")];
			const { code } = await failureOf(fs.promises.writeFile("target/small", ""));
			await second.unmount();
			return { after, code, up: fs.readdirSync("up").sort() };`);
		expect(result).toEqual({
			after: [`${"s".repeat(65)}!`, false, ["alias", "inline", "link", "new"]],
			code: "EROFS",
			up: ["etc", "large", "small"],
		});
	});

	test("works with colons, commas and backslashes in every path", () => {
		const result = run(`
			fs.mkdirSync("a:b,c\\\\d");
			process.chdir("a:b,c\\\\d");
			await makeWorld();
			const before = traces();
			const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"], upperdir: "up", workdir: "work" });
			fs.writeFileSync("target/new", "new");
			const seen = look();
			await mounted.unmount();
			const wrong = await failureOf(
				mount("rootfs.cfs", "target", { objects: ["objects"], imageMount: "image-mount" }));
			return { seen, up: fs.readdirSync("up"), wrong, leaked: JSON.stringify(traces()) !== JSON.stringify(before) };`);
		expect(result).toMatchObject({
			seen: { names: ["etc", "large", "new", "odd \n name", "small"], right: ALL.right },
			up: ["new"],
			wrong: { code: "ERR_COMPOSEFS_MOUNT", rule: "image-mount-folder" },
			leaked: false,
		});
	});

	test("maps owners by a user namespace, by its path or open", () => {
		const result = run(`
			await makeWorld();
			const { idmap, end } = await mapOwners(65536);
			const owners = async (mounted) => {
				const { uid, gid } = fs.statSync("target/etc/inline");
				await mounted.unmount();
				return [uid, gid];
			};
			const file = await fs.promises.open(idmap);
			const all = [
				await owners(await mount("rootfs.cfs", "target", { objects: ["objects"], idmap })),
				await owners(await mount("rootfs.cfs", "target", { objects: ["objects"], idmap: file })),
				await owners(await mountImage("rootfs.cfs", "target", { idmap })),
			];
			await file.close();
			end();
			return all;`);
		expect(result).toEqual(Array(3).fill([101_000, 101_001]));
	});

	test("bug: where owners are mapped, and not that of a root that nobody else may read, it failed and stayed", () => {
		const result = run(`
			const tree = new composefs.Tree();
			Object.assign(tree.root, { uid: 5000, gid: 5000, mode: 0o700 });
			await composefs.writeImage(tree, { to: "own.cfs" });
			await makeWorld(); // temporary files of its own: others come and go
			const { idmap, end } = await mapOwners(1000);
			const before = traces();
			const mounted = await mountImage("own.cfs", "target", { idmap });
			const seen = mountOptions().split(" ")[0];
			await mounted.unmount();
			end();
			return [seen, before, traces()];`);
		const [seen, before, after] = result as [string, object, object];
		expect([seen, after]).toEqual(["erofs", before]);
	});

	test("of the image alone is EROFS, where objects read as zeros", () => {
		const result = run(`
			await makeWorld();
			const before = traces();
			const mounted = await mountImage("rootfs.cfs", "target");
			const all = [
				mountOptions().split(" ")[0],
				fs.readFileSync("target/etc/inline", "utf8"),
				fs.readFileSync("target/small").equals(Buffer.alloc(65)),
			];
			await mounted.unmount();
			return [...all, JSON.stringify(traces()) === JSON.stringify(before)];`);
		expect(result).toEqual(["erofs", "inline\n", true, true]);
	});

	test("bug: the image stayed open until its job was collected", () => {
		const result = run(`
			await makeWorld();
			const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"] });
			await mounted.unmount();
			const files = fs.readdirSync("/proc/self/fd").map((fd) => {
				try {
					return fs.readlinkSync("/proc/self/fd/" + fd);
				} catch {
					return ""; // that of the listing
				}
			});
			return files.filter((file) => file.endsWith("rootfs.cfs"));`);
		expect(result).toEqual([]);
	});

	test("ends with its scope", () => {
		const result = run(`
			await makeWorld();
			const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"] });
			await mounted[Symbol.asyncDispose]();
			return fs.readdirSync("target");`);
		expect(result).toEqual([]);
	});
});

describeIf("the image's folder", canMount, CANNOT_MOUNT, () => {
	test("is one of the caller's, and stays as it was, also if the mount fails", () => {
		const result = run(`
			await makeWorld();
			fs.chmodSync("image-mount", 0o710);
			const before = traces();
			const options = { objects: ["objects"], imageMount: "image-mount" };
			const mounted = await mount("rootfs.cfs", "target", options);
			const { right } = look();
			await mounted.unmount();
			const { ino } = fs.statSync("image-mount");
			const refused = await failureOf(
				mount("rootfs.cfs", "target", { ...options, upperdir: "up", workdir: "up" }));
			const after = fs.statSync("image-mount");
			return { right, rule: refused.rule, same: after.ino === ino, mode: after.mode & 0o777,
				before, after: traces() };`);
		expect(result).toMatchObject({ right: ALL.right, rule: "overlay", same: true, mode: 0o710 });
		const { before, after } = result as Record<string, unknown>;
		expect(after).toEqual(before);
	});

	test("of the caller's may be a symlink, and serves many mounts one after the other", () => {
		const result = run(`
			await makeWorld();
			fs.symlinkSync("image-mount", "alias");
			const before = traces();
			const wrong = [];
			const all = await Promise.all(Array.from({ length: 8 }, async (_, i) => {
				const tree = new composefs.Tree();
				tree.writeFile("/number-" + i, Buffer.from(String(i)));
				await composefs.writeImage(tree, { to: "image-" + i });
				fs.mkdirSync("target-" + i);
				const options = { objects: ["objects"], imageMount: "alias" };
				const mounted = await mount("image-" + i, "target-" + i, options);
				if (fs.readdirSync("target-" + i).join() !== "number-" + i) wrong.push(i);
				return mounted;
			}));
			for (const mounted of all) await mounted.unmount();
			return { wrong, before, after: traces(), there: fs.readdirSync("image-mount") };`);
		const { before, after, ...rest } = result as Record<string, unknown>;
		expect(after).toEqual(before);
		expect(rest).toEqual({ wrong: [], there: [] });
	});

	test("that a killed process left is taken away by the next mount, one in use is not", () => {
		const result = run(`
			await makeWorld();
			fs.mkdirSync("tmp/composefs-mount-AAAAAA/image", { recursive: true });
			fs.mkdirSync("tmp/composefs-mount-BBBBBB/image", { recursive: true });
			await mountImage("rootfs.cfs", "tmp/composefs-mount-AAAAAA/image");
			const holder = (await import("node:child_process")).spawn(
				"flock", ["tmp/composefs-mount-BBBBBB", "sh", "-c", "echo held; exec sleep 60"], { detached: true });
			await new Promise((resolve) => holder.stdout.once("data", resolve));
			const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"] });
			const left = fs.readdirSync("tmp");
			await mounted.unmount();
			process.kill(-holder.pid);
			return left;`);
		expect(result).toEqual(["composefs-mount-BBBBBB"]);
	});

	test("is not found where nothing can be written", () => {
		const result = run(`
			await makeWorld();
			process.env.TMPDIR = "/proc";
			const wrong = await failureOf(mount("rootfs.cfs", "target", { objects: ["objects"] }));
			const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"], imageMount: "image-mount" });
			await mounted.unmount();
			return wrong;`);
		expect(result).toMatchObject({ isError: true, code: "ERR_COMPOSEFS_MOUNT", rule: "image-mount-folder" });
	});
});
