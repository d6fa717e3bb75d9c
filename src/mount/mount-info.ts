/** Which mounts there are: /proc/self/mountinfo, see proc(5). */
import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { ComposefsError } from "../errors.ts";
import { bytesToName } from "../names.ts";

export interface MountEntry {
	readonly id: number;
	/** Its path, in the mapping of names.ts; never with a slash at its end but for the root. */
	readonly mountPoint: string;
	readonly type: string;
	readonly source: string;
	/** Options of the file system, as the kernel writes them. */
	readonly options: string;
}

/** The mounts of this process's mount namespace. */
export async function listMounts(): Promise<MountEntry[]> {
	return parseMountInfo(await readFile("/proc/self/mountinfo"));
}

/** Before the optional ones, which a "-" ends. */
const FIXED_FIELDS = 6;

/** Lines that are none are left out: the kernel writes only what it should. */
export function parseMountInfo(bytes: Uint8Array): MountEntry[] {
	const lines = Buffer.from(bytes).toString("latin1").split("\n");
	return lines.map(parseLine).filter((entry) => entry !== undefined);
}

function parseLine(line: string): MountEntry | undefined {
	const fields = line.split(" ");
	const separator = fields.indexOf("-", FIXED_FIELDS);
	if (separator < 0) return undefined;
	const [id = "", , , , mountPoint = ""] = fields;
	const [type = "", source = "", options = ""] = fields.slice(separator + 1);
	if (!/^\d+$/.test(id) || type === "") return undefined;
	return {
		id: Number(id),
		mountPoint: decodeOctal(mountPoint),
		type,
		source: decodeOctal(source),
		options: decodeOctal(options),
	};
}

/** The kernel writes what would separate, and a backslash, as three octal digits. */
function decodeOctal(text: string): string {
	const bytes = text.replaceAll(/\\([0-7]{3})/g, (_, digits) =>
		String.fromCharCode(Number.parseInt(digits, 8)),
	);
	return bytesToName(Buffer.from(bytes, "latin1"));
}

/** Opens also what may not be read, such as a folder of an owner that is not mapped. Not among Node's constants. */
const O_PATH = 0o10000000;

/** The number of the mount that a folder is in; undefined if there is no such folder. */
export async function mountIdAt(folder: Uint8Array): Promise<number | undefined> {
	const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
	const handle = await open(Buffer.from(folder), flags).catch(ifMissing);
	if (handle === undefined) return undefined;
	try {
		const text = await readFile(`/proc/self/fdinfo/${handle.fd}`, "latin1");
		return Number(/^mnt_id:\s*(\d+)$/m.exec(text)?.[1]);
	} finally {
		await handle.close();
	}
}

function ifMissing(cause: NodeJS.ErrnoException): undefined {
	const { code = "EIO", message, errno, syscall } = cause;
	if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
	throw new ComposefsError(code, message, {
		cause,
		...(errno !== undefined && { errno }),
		...(syscall !== undefined && { syscall }),
	});
}
