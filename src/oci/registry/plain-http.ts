/** Where HTTP without TLS may be spoken: nowhere, unless it is asked for. */
import { argumentError } from "../../errors.ts";
import { isRegistry } from "./reference.ts";

/** Hosts, with their ports if those are not 80; or `loopback` for every address of this machine alone. */
export type PlainHttp = "loopback" | readonly string[];

/** Whether plain HTTP was asked for with a host, as in a URL or a reference. */
export function allowsPlainHttp(plainHttp: PlainHttp | undefined, host: string): boolean {
	if (plainHttp === undefined) return false;
	return plainHttp === "loopback" ? isLoopback(host) : plainHttp.includes(host.replace(/:80$/, ""));
}

/** @throws ComposefsError ERR_COMPOSEFS_ARGUMENT */
export function checkPlainHttp(plainHttp: PlainHttp | undefined): void {
	if (plainHttp === undefined || plainHttp === "loopback") return;
	if (Array.isArray(plainHttp) && plainHttp.every((host) => typeof host === "string" && isRegistry(host)))
		return;
	const text = 'plainHttp is "loopback" or a list of hosts, with ports where they are not 80';
	throw argumentError(text);
}

/** Whether a host is this machine, whatever the network is. */
export function isLoopback(host: string): boolean {
	const name = host.replace(/:[0-9]+$/, "").toLowerCase();
	return (
		name === "localhost" ||
		name.endsWith(".localhost") ||
		name === "[::1]" ||
		/^127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$/.test(name)
	);
}
