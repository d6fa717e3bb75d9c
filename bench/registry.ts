/** Debian's docker-registry on loopback, with images of one layer each. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Descriptor, MEDIA_TYPES, type Repository } from "composefs/oci";
import { bytesBlob, type ChunkedLayer, fileBlob } from "composefs/toc";
import { freePort } from "./loopback.ts";

const PATIENCE_MS = 20_000;

export interface RunningRegistry {
	readonly host: string;
	close(): Promise<void>;
}

/** Begins a registry with nothing in it but what is in the folder. */
export async function startRegistry(program: string, folder: string): Promise<RunningRegistry> {
	const host = `127.0.0.1:${await freePort()}`;
	const storage = { filesystem: { rootdirectory: path.join(folder, "data") } };
	const log = { level: "error", accesslog: { disabled: true } };
	const config = path.join(folder, "config.yml");
	mkdirSync(folder, { recursive: true });
	writeFileSync(config, JSON.stringify({ version: 0.1, log, storage, http: { addr: host } })); // JSON is YAML
	const child = spawn(program, ["serve", config], { stdio: "ignore" });
	const ended = new Promise((resolve) => child.once("exit", resolve));
	const close = async () => {
		child.kill();
		await ended;
	};
	try {
		await answers(host);
	} catch (error) {
		await close();
		throw error;
	}
	return { host, close };
}

/** Puts an image of one layer into a repository, under a tag. */
export async function putImage(repository: Repository, tag: string, layer: ChunkedLayer, file: string) {
	await repository.putBlob(layer.descriptor, fileBlob(file));
	const rootfs = { type: "layers", diff_ids: [layer.diffId] };
	const configText = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs }));
	const config: Descriptor = {
		mediaType: MEDIA_TYPES.config,
		...nameOf(configText),
		annotations: new Map(),
	};
	await repository.putBlob(config, bytesBlob(configText));
	const mediaType = MEDIA_TYPES.manifest;
	const bytes = Buffer.from(
		JSON.stringify({
			schemaVersion: 2,
			mediaType,
			config,
			layers: [{ ...layer.descriptor, annotations: Object.fromEntries(layer.descriptor.annotations) }],
		}),
	);
	await repository.putManifest({ mediaType, digest: nameOf(bytes).digest, bytes, tag });
}

function nameOf(bytes: Uint8Array): Pick<Descriptor, "digest" | "size"> {
	return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length };
}

async function answers(host: string): Promise<void> {
	for (let waited = 0; waited < PATIENCE_MS; waited += 50)
		try {
			await (await fetch(`http://${host}/v2/`)).arrayBuffer();
			return;
		} catch {
			await delay(50);
		}
	throw new Error("docker-registry does not answer");
}
