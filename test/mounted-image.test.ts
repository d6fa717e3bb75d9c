/** An OCI image, pulled and mounted by the command line, and compared with what umoci unpacks of it. */
import path from "node:path";
import { expect, test } from "@jest/globals";
import { CANNOT_MOUNT, canMount, inMountNamespace } from "./support/mounting.ts";
import { describeIf, findProgram, projectRoot, sharedFolder } from "./support/needs.ts";
import { useTemporaryFolder } from "./support/temporary.ts";

const at = useTemporaryFolder();
const comparison = path.join(projectRoot, "test/fixtures/compare-folders.py");
const [umoci, python] = [findProgram("umoci"), findProgram("python3")];
const needed =
	canMount && sharedFolder && umoci && python ? { umoci, python, shared: sharedFolder } : undefined;

interface Difference {
	readonly path: string;
	readonly attribute?: string;
	readonly one: unknown;
	readonly other: unknown;
}

/**
 * Where the folder, not the image, is at fault: years beyond its file system's; xattrs that umoci does not set and
 * those that GNU tar wrote as `%3D`; and what overlayfs makes of whiteouts and marks that are files of the image.
 */
const UNLIKE = ["far", "ovl", "ovl/whiteout-dev", "xattrs"].map((name) => `opt/nasty/${name}`);

describeIf(
	"a pulled image, mounted",
	needed,
	`${CANNOT_MOUNT}; or umoci, python3 or inputs missing`,
	(found) => {
		test("is what umoci unpacks, hard cases included", () => {
			const source = path.join(found.shared, "images", "base:l5");
			const { counts, differences } = inMountNamespace(
				at(),
				`for (const folder of ["target", "tmp"]) fs.mkdirSync(folder);
			process.env.TMPDIR = fs.realpathSync("tmp");
			const run = (program, ...args) => {
				const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 });
				if (status !== 0) throw new Error(program + args + stderr);
				return stdout;
			};
			const cli = (...args) => run(process.execPath, new URL("cli/main.js", world.LIB).pathname, ...args);
			const source = ${JSON.stringify(source)};
			run(${JSON.stringify(found.umoci)}, "raw", "unpack", "--image", source, "root");
			cli("pull", "oci:" + source, "--store", "objects", "--image", "rootfs.cfs", "--platform", "linux/amd64");
			cli("mount", "-o", "basedir=objects", "rootfs.cfs", "target");
			const result = run(${JSON.stringify(found.python)}, ${JSON.stringify(comparison)}, "root", "target");
			cli("umount", "target");
			return JSON.parse(result);`,
			) as { counts: Record<string, number>; differences: Difference[] };
			expect(counts).toMatchObject({ names: 2957, files: 2179, hardLinks: 5 });
			expect(differences.filter((difference) => !UNLIKE.includes(difference.path))).toEqual([]);

			const of = (name: string) =>
				differences.find((difference) => difference.path === `opt/nasty/${name}`) ?? { one: {}, other: {} };
			// The image has the year 2300, to the nanosecond.
			expect(of("far")).toMatchObject({ attribute: "mtime", other: Number(10_413_792_000_999_999_999n) });
			const { "user.with%3Dequals": theirs, ...rest } = of("xattrs").one as Record<string, string>;
			const { "user.with=equals": ours, ...others } = of("xattrs").other as Record<string, string>;
			expect(ours).toBe(theirs);
			expect(others).toEqual({ ...rest, "trusted.overlay.opaque": "79", "user.empty": "" });
		});
	},
);
