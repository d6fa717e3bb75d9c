// Parses damaged indexes, manifests and configs: node scripts/fuzz-documents.mjs [EXECUTIONS | --seconds N] [--seed N] [--only NUMBER]
// Each must become a value that says the same in JSON, or a ComposefsError with a rule, within a second.
import { randomOf, runFuzzer } from "./fuzz.mjs";
import { damage, JSON_DAMAGE } from "./fuzz-damage.mjs";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";
const platform = {
	architecture: "arm64",
	os: "linux",
	variant: "v8",
	"os.version": "1",
	"os.features": ["a"],
};

function manifest(types) {
	const descriptor = (mediaType, size) => ({ mediaType, digest: DIGEST, size });
	return {
		schemaVersion: 2,
		mediaType: types.manifest,
		config: { ...descriptor(types.config, 7), data: "e30=" },
		layers: [
			{ ...descriptor(types.layer, 100), annotations: { "a.b": "ü", "io.containers.x": "1:2:3:1" } },
			descriptor(types.layer, 2 ** 40),
		],
		annotations: { "org.opencontainers.image.created": "2026-11-23T17:57:29Z" },
		subject: descriptor(types.manifest, 10),
		other: [null, true, 1.5e3, { deep: [[["x"]]] }],
	};
}

const oci = {
	manifest: `${OCI}.manifest.v1+json`,
	config: `${OCI}.config.v1+json`,
	layer: `${OCI}.layer.v1.tar+gzip`,
};
const docker = {
	manifest: `${DOCKER}.distribution.manifest.v2+json`,
	config: `${DOCKER}.container.image.v1+json`,
	layer: `${DOCKER}.image.rootfs.diff.tar.gzip`,
};

async function makeSeeds() {
	const entries = [oci, docker].map(({ manifest }) => ({
		mediaType: manifest,
		digest: DIGEST,
		size: 5,
		platform,
	}));
	const documents = [
		["parseManifest", manifest(oci)],
		["parseManifest", manifest(docker)],
		[
			"parseIndex",
			{ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: entries, annotations: {} },
		],
		[
			"parseIndex",
			{ schemaVersion: 2, mediaType: `${DOCKER}.distribution.manifest.list.v2+json`, manifests: entries },
		],
		[
			"parseConfig",
			{ ...platform, rootfs: { type: "layers", diff_ids: [DIGEST, DIGEST] }, config: { Env: ["A=b"] } },
		],
	];
	return documents.map(([parse, value]) => ({
		parse,
		bytes: new Uint8Array(Buffer.from(JSON.stringify(value))),
	}));
}

function mutate(seeds, seed, number) {
	const below = randomOf(seed, number);
	const which = below(seeds.length);
	const done = [`document ${which}`];
	const { parse, bytes } = seeds[which];
	return { input: { parse, bytes: damage(bytes, JSON_DAMAGE, below, done) }, text: done.join(", ") };
}

async function outcomeOf({ parse, bytes }) {
	const { ComposefsError } = await import("../lib/index.js");
	const documents = await import("../lib/oci/documents.js");
	try {
		const found = documents[parse](bytes, { name: "a document" });
		const sizes = [...(found.layers ?? []), ...(found.manifests ?? [])].map(({ size }) => size);
		return sizes.every((size) => Number.isSafeInteger(size) && size >= 0)
			? parse
			: "FAILURE: a size that is none";
	} catch (error) {
		const { code, rule } = error;
		const isExpected = error instanceof ComposefsError && /^ERR_COMPOSEFS_(OCI|DIGEST)$/.test(code);
		return isExpected && rule !== undefined ? `rule ${rule}` : `FAILURE: ${error.stack}`;
	}
}

await runFuzzer({ url: import.meta.url, what: "damaged documents", makeSeeds, mutate, outcomeOf });
