/** One line on a terminal that tells how far a long command is; nothing anywhere else. */
import type { WriteStream } from "node:tty";
import type { DirectoryProgress, SkippedEntry } from "../directory/index.ts";
import { plain } from "./print.ts";

/** Milliseconds between two lines. */
const INTERVAL = 100;
const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** To the first column, and nothing in the line; node:readline would take milliseconds to load. */
const CLEAR_LINE = "\x1b[1G\x1b[2K";

type ProgressStream = Pick<WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number };

export class Progress {
	readonly #stream: ProgressStream;
	readonly #start = performance.now();
	#shown = 0;
	#isShown = false;

	constructor(stream: ProgressStream) {
		this.#stream = stream;
	}

	readonly show = (progress: DirectoryProgress): void =>
		this.draw(() => formatProgress(progress, (performance.now() - this.#start) / 1000));

	/** Draws the line anew, if it is time to. */
	draw(text: () => string): void {
		if (!this.#stream.isTTY) return;
		const now = performance.now();
		if (now - this.#shown < INTERVAL) return;
		this.#shown = now;
		this.#clear();
		// A line that is broken could not be taken away.
		this.#stream.write(text().slice(0, (this.#stream.columns || 80) - 1));
		this.#isShown = true;
	}

	/** Writes a line that stays; on a terminal only. */
	say(line: string): void {
		if (!this.#stream.isTTY) return;
		this.#clear();
		this.#stream.write(line);
	}

	readonly warn = ({ path, error }: SkippedEntry): void => {
		this.#clear();
		this.#stream.write(`composefs: warning: ${plain(`${path} is left out: ${error.message}`)}\n`);
	};

	/** Takes the line away. */
	end(): void {
		this.#clear();
	}

	#clear(): void {
		if (!this.#isShown) return;
		this.#stream.write(CLEAR_LINE);
		this.#isShown = false;
	}
}

/** Files, bytes and rate. */
export function formatProgress(
	{ entries, files, bytes, totalFiles, totalBytes }: DirectoryProgress,
	seconds: number,
): string {
	const count = (value: number) => value.toLocaleString("en");
	if (totalFiles === 0) return `${count(entries)} names`;
	const share = totalBytes === 0 ? 100 : Math.floor((100 * bytes) / totalBytes);
	const rate = `${formatBytes(bytes / Math.max(seconds, 0.001))}/s`;
	return `${share} %  ${count(files)} of ${count(totalFiles)} files  ${formatBytes(bytes)}  ${rate}`;
}

export function formatBytes(bytes: number): string {
	const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
	return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}
