/** Options of the commands that take OCI images. */
import { Option } from "commander";
import type { Platform, Profile } from "../oci/index.ts";
import { UsageError } from "./exit.ts";
import { collect } from "./options.ts";

/** For the help of commands that take an image. */
export const IMAGE_SOURCE = `an image:
oci:FOLDER[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG],
or one of a registry: [docker://][HOST[:PORT]/]NAME[:TAG][@DIGEST]`;

export interface PlaceOptions {
	readonly platform?: string;
	readonly plainHttp?: true;
	readonly mirror?: string[];
	/** Where layers of a registry are kept. */
	readonly cache?: string;
}

/** What is said of an image's place: which platform's it is, and how its registry is spoken to. */
export function placeOptions(): Option[] {
	return [
		platformOption(),
		new Option("--plain-http", "speak to the registry, and to its mirrors, without TLS"),
		new Option("--mirror <host>", "try this mirror first: a host, or host/folder; may be repeated").argParser(
			collect,
		),
	];
}

export function platformOption(): Option {
	return new Option(
		"--platform <os/architecture[/variant]>",
		"the platform, where there are images for several",
	);
}

const PROFILES: readonly Profile[] = ["raw", "oci", "oci-user-xattrs"];

/** What trees are made like; docs/reference/oci.md says what each profile does. */
export function profileOption(value: Profile): Option {
	return new Option("--profile <profile>", "raw: all as in the layers; oci: as composefs-rs makes trees")
		.choices(PROFILES)
		.default(value);
}

/** @throws UsageError */
export function parsePlatform(text: string | undefined): Platform | undefined {
	if (text === undefined) return undefined;
	const [os, architecture, variant, ...rest] = text.split("/");
	if (!os || !architecture || variant === "" || rest.length > 0)
		throw new UsageError(
			`--platform is ${JSON.stringify(text)}, not os/architecture or os/architecture/variant`,
		);
	return { os, architecture, variant };
}
