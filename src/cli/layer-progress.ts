/** How far the layers of an image are: a line for those that are done, and one that changes for those that are read. */
import type { BlobReadOptions, BlobSource } from "../blob.ts";
import {
	type PullOptions,
	type PullProgress,
	pullImage,
	type ResolvedImage,
	type ResolvedLayer,
} from "../oci/index.ts";
import type { Tree } from "../tree.ts";
import { formatBytes, Progress } from "./progress.ts";

/** Digits of a digest that are enough to know it by. */
const SHOWN_DIGITS = 12;

/** A pull whose layers are told of; `keep` may make another image of the one that is watched. */
export async function pullShown(
	image: ResolvedImage,
	options: Omit<PullOptions, "onProgress">,
	keep: (image: ResolvedImage) => ResolvedImage = (watched) => watched,
): Promise<Tree> {
	const line = new Progress(process.stderr);
	const progress = new LayerProgress(line, image);
	try {
		return await pullImage(keep(progress.watch(image)), { ...options, onProgress: progress.show });
	} finally {
		line.end();
	}
}

export class LayerProgress {
	readonly #line: Progress;
	readonly #sizes: readonly number[];
	/** Bytes of each layer that have come. */
	readonly #bytes: number[];
	readonly #complete = new Set<number>();
	readonly #start = performance.now();

	constructor(line: Progress, { layers }: ResolvedImage) {
		this.#line = line;
		this.#sizes = layers.map(({ descriptor }) => descriptor.size);
		this.#bytes = layers.map(() => 0);
	}

	/** For `pullImage`. */
	readonly show = ({ layer, digest, size, complete }: PullProgress): void => {
		if (!complete || this.#complete.has(layer)) return;
		this.#complete.add(layer);
		this.#bytes[layer] = size;
		const name = digest.slice(digest.indexOf(":") + 1).slice(0, SHOWN_DIGITS);
		this.#line.say(`layer ${layer + 1} of ${this.#sizes.length}  ${name}  ${formatBytes(size)}  done\n`);
	};

	/** The image, its layers' bytes counted as they come from where they are: before they are kept anywhere. */
	watch(image: ResolvedImage): ResolvedImage {
		const layers = image.layers.map((layer, at): ResolvedLayer => {
			return { ...layer, blob: counted(layer.blob, (bytes) => this.#come(at, bytes)) };
		});
		return { ...image, layers };
	}

	#come(layer: number, bytes: number): void {
		this.#bytes[layer] = bytes;
		this.#line.draw(() => this.format((performance.now() - this.#start) / 1000));
	}

	format(seconds: number): string {
		const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
		const running = [...this.#bytes.entries()]
			.filter(([layer, bytes]) => bytes > 0 && !this.#complete.has(layer))
			.map(([layer, bytes]) => `layer ${layer + 1}: ${share(bytes, this.#sizes[layer] ?? 0)} %`);
		const come = sum(this.#bytes);
		const rate = `${formatBytes(come / Math.max(seconds, 0.001))}/s`;
		return [...running, `${formatBytes(come)} of ${formatBytes(sum(this.#sizes))}`, rate].join("  ");
	}
}

function share(bytes: number, size: number): number {
	return size === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / size));
}

function counted(blob: BlobSource, tell: (bytes: number) => void): BlobSource {
	let ranged = 0;
	const readRanges = blob.readRanges?.bind(blob);
	return {
		name: blob.name,
		get ignoresRanges() {
			return blob.ignoresRanges ?? false;
		},
		size: (options) => blob.size(options),
		read: async function* (options: BlobReadOptions = {}) {
			let bytes = options.range?.start ?? 0;
			for await (const piece of blob.read(options)) {
				bytes += piece.length;
				tell(bytes);
				yield piece;
			}
		},
		...(readRanges && {
			readRanges: async function* (...args: Parameters<typeof readRanges>) {
				for await (const piece of readRanges(...args)) {
					ranged += piece.bytes.length;
					tell(ranged);
					yield piece;
				}
			},
		}),
	};
}
