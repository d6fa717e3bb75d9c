/** Folders of a real system: built into an image and a store, mounted, and compared with what they were made from. */
import path from "node:path";
import { expect, test } from "@jest/globals";
import { CANNOT_MOUNT, canMount, inMountNamespace } from "./support/mounting.ts";
import { describeIf, findProgram, projectRoot } from "./support/needs.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();
const comparison = path.join(projectRoot, "test/fixtures/compare-folders.py");

interface Compared {
	readonly counts: Readonly<Record<string, number>>;
	readonly differences: readonly unknown[];
}

describeIf("a mounted folder", canMount && findProgram("python3"), CANNOT_MOUNT, (python) => {
	const compare = (prepare: string) =>
		inMountNamespace(
			at(),
			`const { fromDirectory } = await import(new URL("directory/index.js", world.LIB));
			const { ObjectStore } = await import(new URL("store/index.js", world.LIB));
			for (const folder of ["target", "tmp"]) fs.mkdirSync(folder);
			process.env.TMPDIR = fs.realpathSync("tmp");
			const source = (() => { ${prepare} })();
			const store = await ObjectStore.open("objects");
			await composefs.writeImage(await fromDirectory(source, { store }), { to: "rootfs.cfs" });
			await store[Symbol.asyncDispose]();
			const mounted = await mount("rootfs.cfs", "target", { objects: ["objects"] });
			const { status, stdout, stderr } = spawnSync(${JSON.stringify(python)},
				[${JSON.stringify(comparison)}, source, "target"], { encoding: "utf8", maxBuffer: 1 << 28 });
			await mounted.unmount();
			if (status !== 0) throw new Error(stderr);
			const { counts, differences } = JSON.parse(stdout);
			return { counts, differences: differences.slice(0, 20) };`,
		) as Compared;

	test.each(["/etc", "/usr/bin", "/usr/share/perl5"])("is equal to its source: %s", (folder) => {
		const { counts, differences } = compare(`return fs.realpathSync(${JSON.stringify(folder)});`);
		expect(differences).toEqual([]);
		expect(counts.names).toBeGreaterThan(0);
	});

	test("has hard links, devices, odd names, xattrs and sparse files", () => {
		const { counts, differences } = compare(`
			const script = [
				"import os, stat",
				"os.mkdir('source'); os.chdir('source')",
				"open('large', 'wb').write(bytes(range(256)) * 1000)",
				"os.mkdir('d'); os.link('large', 'd/linked'); os.link('large', b'\\\\xff')",
				"os.mknod('null', stat.S_IFCHR | 0o666, os.makedev(1, 3)); os.mkfifo('fifo')",
				"os.symlink('nowhere', 'link'); os.lchown('link', 5, 6)",
				"open('sparse', 'wb').truncate(1 << 20)",
				"os.setxattr('large', 'user.one', b'\\\\0\\\\xff'); os.setxattr('d', 'security.any', b'x')",
				"os.chown('d', 70000, 80000); os.chmod('d', 0o3751); os.utime('d', ns=(1, 123456789))",
			].join("\\n");
			const made = spawnSync(${JSON.stringify(python)}, ["-c", script], { encoding: "utf8" });
			if (made.status !== 0) throw new Error(made.stderr);
			return "source";`);
		expect(differences).toEqual([]);
		expect(counts).toMatchObject({ names: 8, hardLinks: 3, xattrs: 4 });
	});
});
