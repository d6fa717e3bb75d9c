/** What a warm sandbox costs beside the same work in this process, and what starting one takes. */
import { performance } from "node:perf_hooks";
import { type Tree, writeImage } from "composefs";
import { formatDump, parseDump } from "composefs/dump";
import { readImage } from "composefs/image";
import { createSandbox, type Sandbox } from "composefs/sandbox";
import { median, medianRatio, runPaired } from "./measure.ts";
import { SETS } from "./sets.ts";
import { formatTable } from "./table.ts";

const SET = "application-100k";
const ROUNDS = 7;
const STARTS = 9;

type Work = () => Promise<unknown>;
type Pair = readonly [name: string, here: Work, there: Work];

async function pairsOf(tree: Tree, sandbox: Sandbox): Promise<Pair[]> {
	const dump = Buffer.from(formatDump(tree));
	const image = (await writeImage(tree)).image;
	return [
		["dump to image", async () => writeImage(await parseDump(dump)), () => sandbox.writeImage({ dump })],
		["tree to image", () => writeImage(tree), () => sandbox.writeImage(tree)],
		["image to tree", () => readImage(image), () => sandbox.readImage(image)],
	];
}

async function row([name, here, there]: Pair): Promise<Record<string, string>> {
	const times = await runPaired(
		[
			["here", here],
			["there", there],
		],
		ROUNDS,
		`sandbox: ${name}`,
	);
	const [ours = [], sandboxed = []] = times.values();
	return {
		"": `${name}, ${SET}`,
		"in process": `${median(ours).toFixed(0)} ms`,
		sandbox: `${median(sandboxed).toFixed(0)} ms`,
		ratio: medianRatio(sandboxed, ours).toFixed(2),
	};
}

/** Milliseconds until a sandbox of one worker is ready. */
async function coldStart(jit: boolean): Promise<string> {
	const times: number[] = [];
	for (let count = 0; count < STARTS; count++) {
		const begun = performance.now();
		const sandbox = await createSandbox({ workers: 1, jit });
		times.push(performance.now() - begun);
		await sandbox.close();
	}
	return `${median(times).toFixed(0)} ms`;
}

export async function measureSandbox(): Promise<string> {
	const set = SETS.find(({ name }) => name === SET);
	if (set === undefined) throw new Error(`there is no set ${SET}`);
	const tree = await set.make();
	const sandbox = await createSandbox({ workers: 1 });
	const rows: Record<string, string>[] = [];
	for (const pair of await pairsOf(tree, sandbox)) rows.push(await row(pair));
	await sandbox.close();
	const starts = `cold start ${await coldStart(true)}, with jit: false ${await coldStart(false)}`;
	return `${formatTable(rows)}\n\n${starts}`;
}
