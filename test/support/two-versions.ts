/** A layout that examples pull from. */
import { MEDIA_TYPES } from "../../src/media-types.ts";
import { chunkedLayer } from "./chunked-layer.ts";
import { MemoryLayout, tagged } from "./layouts.ts";

/** An image of one zstd:chunked layer, in two versions: what is in one folder differs. */
export function twoVersions(): MemoryLayout {
	const layout = new MemoryLayout();
	const versions = ["1", "2"].map((version) => {
		const shared = { name: "usr/lib/shared", content: "what stays ".repeat(5000) };
		const own = { name: "usr/bin/own", content: `version ${version} `.repeat(500) };
		const { bytes, diffId, descriptor } = chunkedLayer([shared, own], { format: "zstd:chunked" });
		const annotations = Object.fromEntries(descriptor.annotations);
		const layer = { ...layout.add(bytes, MEDIA_TYPES.layerZstd), annotations };
		const config = { rootfs: { type: "layers", diff_ids: [diffId] } };
		return tagged(layout.image([], { config, manifest: { layers: [layer] } }), version);
	});
	return layout.tag(...versions);
}
