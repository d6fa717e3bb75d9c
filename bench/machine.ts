/** Where and with what something was measured. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { findPeer } from "./peers.ts";

export interface Machine {
	/** When, by ISO 8601. */
	readonly measured: string;
	readonly processors: number;
	readonly processor: string;
	/** Bytes */
	readonly memory: number;
	/** Processes that wanted a processor, on the average of the minute before. */
	readonly load: number;
	readonly system: string;
	readonly node: string;
	/** What `composefs --version` prints, in lines. */
	readonly composefs: readonly string[];
	/** SHA-256 of each peer that there is, by name: they do not tell their versions. */
	readonly peers: Readonly<Record<string, string>>;
}

const PEERS = ["mkcomposefs", "composefs-info", "fsverity", "umoci"];
const command = fileURLToPath(new URL("../../../lib/cli/main.js", import.meta.url));

export function describeMachine(): Machine {
	const [processor] = os.cpus();
	const found = PEERS.flatMap((name) => {
		const program = findPeer(name);
		return program === undefined ? [] : [[name, sha256(program)] as const];
	});
	return {
		measured: new Date().toISOString(),
		processors: os.cpus().length,
		processor: processor?.model.trim() ?? "processor",
		memory: os.totalmem(),
		load: os.loadavg()[0] ?? 0,
		system: `${os.type()} ${os.release().replace(/^(\d+\.\d+).*$/, "$1")}`,
		node: process.versions.node,
		composefs: spawnSync(process.execPath, [command, "--version"], { encoding: "utf8" })
			.stdout.trim()
			.split("\n"),
		peers: Object.fromEntries(found),
	};
}

function sha256(file: string): string {
	return createHash("sha256").update(readFileSync(file)).digest("hex");
}
