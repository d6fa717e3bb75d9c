/** Layers for properties: few names, so that they meet often. */
import fc from "fast-check";
import { device, directory, file, symlink } from "../../src/inode.ts";
import type { LayerEntry } from "../../src/oci/layer.ts";

const path = fc
	.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
	.map((names) => names.join("/"));

const mode = fc.integer({ min: 0, max: 0o777 });
const inode = fc.oneof(
	{ weight: 3, arbitrary: mode.map((bits) => directory({ mode: bits })) },
	{ weight: 3, arbitrary: mode.map((bits) => file(Buffer.from(`${bits}`), { mode: bits })) },
	fc.constantFrom("a", "/b", "..").map((target) => symlink(target)),
	mode.map((minor) => device("block-device", { major: 7, minor })),
);

const mark = fc.tuple(path, fc.constantFrom(".wh.a", ".wh.b", ".wh.c", ".wh..wh..opq"), fc.boolean());

const entry: fc.Arbitrary<LayerEntry> = fc.oneof(
	{ weight: 8, arbitrary: fc.tuple(path, inode).map(([name, made]) => ({ name, inode: made })) },
	{ weight: 2, arbitrary: fc.tuple(path, path).map(([name, linkName]) => ({ name, linkName })) },
	{
		weight: 3,
		arbitrary: mark.map(([directoryPath, name, atRoot]) => ({
			name: atRoot ? name : `${directoryPath}/${name}`,
			inode: file(),
		})),
	},
);

export const arbitraryLayer: fc.Arbitrary<LayerEntry[]> = fc.array(entry, { maxLength: 14 });
