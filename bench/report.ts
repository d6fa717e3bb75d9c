/** What a run of the benchmarks shows. */
import type { ImageResult } from "./images.ts";
import type { LoopLoad } from "./measure.ts";
import { formatTable } from "./table.ts";
import type { TocResult } from "./toc.ts";

export interface Result {
	readonly set: string;
	readonly image: ImageResult;
	readonly toc: TocResult | undefined;
	readonly entries: number;
	readonly times: Record<string, number>;
	readonly ratios: Record<string, number>;
	readonly loop: LoopLoad;
	readonly memory: { readonly ours: number; readonly mkcomposefs: number | undefined };
}

const LEGEND = `tree: tree in memory → image on disk, synced; dump: dump text → image; both in a running Node
unsynced: as tree, with flush: false, as mkcomposefs writes it
file: mkcomposefs --from-file, dump on disk; pipe: a Node program piping dump text to it
readImage: image → tree; info dump: composefs-info dump; our dump: composefs dump; stat: openImage and one stat
toc: text of a table of contents → tree, → image; from-json: 1.6 of file, as composefs-from-json was
blocked: main thread busy in all, for each 100,000 entries; stall: its longest wait
times are medians, ratios medians of the rounds' ratios; memory is the peak above the tree`;

export function formatReport(results: readonly Result[]): string {
	const tocs = results.flatMap(toTocRow);
	const tables = [results.map(toRow), results.map(toImageRow), tocs]
		.filter((rows) => rows.length > 0)
		.map(formatTable);
	return [...tables, LEGEND].join("\n\n");
}

function toRow({ set, entries, times, ratios, loop, memory }: Result): Record<string, string> {
	return {
		set,
		entries: entries.toLocaleString("en"),
		tree: ms(times.tree),
		file: ms(times.file),
		"tree/file": ratio(ratios.file),
		unsynced: ms(times.unsynced),
		"unsynced/file": ratio(ratios.unsynced),
		pipe: ms(times.pipe),
		"tree/pipe": ratio(ratios.pipe),
		dump: ms(times.dump),
		"dump/file": ratio(ratios.dump),
		"blocked/100k": ms((loop.busy * 100_000) / entries),
		stall: ms(loop.longest),
		memory: mib(memory.ours),
		"mk memory": mib(memory.mkcomposefs),
	};
}

function toImageRow({ set, image }: Result): Record<string, string> {
	return {
		set,
		readImage: ms(image.times.read),
		"info dump": ms(image.times.info),
		"readImage/info": ratio(image.ratios.read),
		"our dump": ms(image.times.dump),
		"dump/info": ratio(image.ratios.dump),
		stall: ms(image.loop.longest),
		"stat CPU": `${image.statCpu.toFixed(1)} ms`,
	};
}

function toTocRow({ set, toc }: Result): Record<string, string>[] {
	if (toc === undefined) return [];
	const { times, loop } = toc;
	return [
		{
			set,
			"toc parsed": ms(times.parse),
			"toc → image": ms(times.toc),
			file: ms(times.file),
			"toc/from-json": ratio(toc.ratio),
			stall: ms(loop.longest),
		},
	];
}

function ms(value: number | undefined): string {
	return value === undefined ? "–" : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function ratio(value: number | undefined): string {
	return value !== undefined && Number.isFinite(value) ? value.toFixed(2) : "–";
}

function mib(value: number | undefined): string {
	return value === undefined ? "–" : `${(value / 2 ** 20).toFixed(0)} MiB`;
}
