/** What a pull would fetch, for people. */
import type { LayerPlan, PullCosts, PullPlan } from "../oci/index.ts";
import { counted } from "./print.ts";

/** A line for each layer, and one for all of them. */
export function formatPlan(plan: PullPlan): string {
	const lines = plan.layers.map((layer) => `${layer.digest.slice(0, 19)}  ${describeLayer(layer)}\n`);
	return `${lines.join("")}${"all layers".padEnd(19)}  ${describe(plan, "blobs")}\n`;
}

function describeLayer(layer: LayerPlan): string {
	if (layer.partial) return `${layer.missing} of ${layer.files} files missing: ${describe(layer, "it")}`;
	const why =
		layer.refusal === undefined ? "no table of contents" : `table refused: ${layer.refusal.message}`;
	return `${describe(layer, "it")} (${why})`;
}

function describe({ fetched, saved, requests }: PullCosts, what: string): string {
	const share = fetched + saved === 0 ? 0 : Math.round((100 * saved) / (fetched + saved));
	return `${fetched.toLocaleString("en")} bytes in ${counted(requests, "request")}, ${share} % of ${what} saved`;
}
