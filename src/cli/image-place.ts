/** Where an OCI image is, in one text: in a layout, an archive or a registry. */
import { isIndexType } from "../media-types.ts";
import { parseIndex } from "../oci/documents.ts";
import {
	type Descriptor,
	type DockerArchive,
	findSeals,
	type ImageDestination,
	LayoutDestination,
	type OciLayout,
	openArchive,
	openLayout,
	parseReference,
	RegistryClient,
	type RegistryOptions,
	type ResolvedImage,
	type ResolveOptions,
	SEAL_ARTIFACT_TYPE,
	type Seal,
} from "../oci/index.ts";
import { isLoopback } from "../oci/registry/plain-http.ts";
import { readIndex } from "../oci/resolve.ts";
import { UsageError } from "./exit.ts";
import type { PlaceOptions } from "./image-options.ts";
import { checkIsRemote } from "./local-image.ts";
import { splitTaggedPath } from "./tagged-path.ts";

type Signalled = { readonly signal?: AbortSignal | undefined };

export interface ImagePlace {
	/** As it was written. */
	readonly name: string;
	/** What its layers come from is far, so that they are worth keeping until all have come. */
	readonly isRemote: boolean;
	resolve(options: ResolveOptions): Promise<ResolvedImage>;
	/** The manifests that the name stands for, one for each platform; only where there is an index. */
	offered(options: Signalled): Promise<readonly Descriptor[]>;
	/** The seals beside a manifest. */
	seals(digest: string, options: Signalled): Promise<readonly Seal[]>;
	/** Where seals and sealed images can be put; not into archives. */
	readonly destination: ImageDestination | undefined;
}

/** What comes before the colon, and the folder or file behind it. */
const LOCAL = /^(oci|oci-archive|docker-archive):(.+)$/s;
const LOCAL_ALONE = /^(oci|oci-archive|docker-archive):$/;
const REMOTE = /^docker:\/\/(.+)$/s;

/** Options that speak of a registry, as they are written. */
const OF_REGISTRIES = [
	["plainHttp", "--plain-http"],
	["mirror", "--mirror"],
	["cache", "--cache"],
] as const;

/**
 * Reads `oci:FOLDER[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:NAME:TAG]`, or a reference, with `docker://`
 * in front or not. A folder or file may have colons in its name: the longest that is there is meant.
 *
 * @throws UsageError, if an option makes no sense; what opening the place throws
 */
export async function openPlace(
	text: string,
	options: PlaceOptions,
	signal: AbortSignal | undefined,
): Promise<ImagePlace> {
	const [, kind, rest] = LOCAL.exec(text) ?? [];
	if (rest === undefined) {
		if (LOCAL_ALONE.test(text)) throw new UsageError(`${text} names no folder or file behind the colon`);
		if (!REMOTE.test(text)) checkIsRemote(text);
		return registryPlace(text, options);
	}
	for (const [name, flag] of OF_REGISTRIES)
		if (options[name] !== undefined) throw new UsageError(`${kind}: has no registry: ${flag} makes no sense`);
	const { path, tag } = splitTaggedPath(rest);
	if (kind === "oci")
		return layoutPlace(text, await openLayout(path, { signal }), tag, new LayoutDestination(path));
	const archive = await openArchive(path, { signal });
	if ("images" in archive) return dockerPlace(text, archive, tag);
	return layoutPlace(text, archive, tag, undefined);
}

function layoutPlace(
	name: string,
	layout: OciLayout,
	tag: string | undefined,
	destination: ImageDestination | undefined,
): ImagePlace {
	return {
		name,
		isRemote: false,
		destination,
		resolve: (options) => layout.resolve(tag, options),
		offered: async ({ signal }) => {
			const found = layout.find(tag);
			const [only] = found;
			if (found.length > 1 || only === undefined) return found;
			return isIndexType(only.mediaType) ? (await readIndex(layout, only, signal)).value.manifests : [];
		},
		seals: (digest, options) => findSeals(layout, layout.index.manifests, digest, options),
	};
}

function dockerPlace(name: string, archive: DockerArchive, tag: string | undefined): ImagePlace {
	return {
		name,
		isRemote: false,
		destination: undefined,
		resolve: (options) => archive.resolve(tag, options),
		offered: async () => [],
		seals: async () => [],
	};
}

function registryPlace(name: string, options: PlaceOptions): ImagePlace {
	const reference = parseReference(REMOTE.exec(name)?.[1] ?? name);
	const repository = new RegistryClient(clientOptions(reference.registry, options)).repository(reference);
	return {
		name,
		isRemote: true,
		destination: repository,
		resolve: (resolving) => repository.resolve(undefined, resolving),
		offered: async (signalled) => {
			const { mediaType, bytes, digest } = await repository.manifest(undefined, signalled);
			return isIndexType(mediaType) ? parseIndex(bytes, { name: digest, mediaType }).manifests : [];
		},
		seals: async (digest, signalled) => {
			const candidates = await repository.referrers(digest, SEAL_ARTIFACT_TYPE, signalled);
			return findSeals(repository, candidates, digest, signalled);
		},
	};
}

/** Plain HTTP is for the hosts that were named; on this machine, for the server of their tokens too. */
function clientOptions(registry: string, { plainHttp, mirror = [] }: PlaceOptions): RegistryOptions {
	const mirrors = { [registry]: mirror };
	if (!plainHttp) return { mirrors };
	const hosts = [registry, ...mirror.map((place) => place.replace(/\/.*/, ""))].map(withoutPort80);
	return { mirrors, plainHttp: hosts.every(isLoopback) ? "loopback" : hosts };
}

/** As `plainHttp` has a host. */
function withoutPort80(host: string): string {
	return host.replace(/:80$/, "");
}
