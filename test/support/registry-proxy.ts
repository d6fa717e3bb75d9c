/** A server before a registry that counts what passes, and lets only so much through. */
import { request } from "node:http";
import type { Handler } from "./http-server.ts";

export interface Budget {
	/** Bytes of blobs that still pass. */
	left: number;
	/** Called when there are none, in place of breaking the connection: then nothing more comes. */
	readonly onEmpty?: () => void;
}

/** Hands everything on to a registry; counts the bytes of each blob that are sent, by its digest. */
export function proxyTo(host: string, counts: Map<string, number>, budget: Budget): Handler {
	return (incoming, outgoing) => {
		const options = {
			host: "127.0.0.1",
			port: host.split(":")[1],
			path: incoming.url,
			method: incoming.method,
		};
		const empty = budget.onEmpty ?? (() => outgoing.destroy());
		const onward = request({ ...options, headers: incoming.headers }, (answer) => {
			outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
			let isWhole = true;
			// Whole, it ends even if another has used up the budget: else its connection would stay busy with it.
			answer.on("end", () => isWhole && outgoing.end());
			answer.on("data", (bytes: Buffer) => {
				const [blob] = /sha256:[0-9a-f]+$/.exec(incoming.url ?? "") ?? [];
				if (blob === undefined || !incoming.url?.includes("/blobs/")) return outgoing.write(bytes);
				const sent = bytes.subarray(0, Math.max(0, budget.left));
				isWhole &&= sent.length === bytes.length;
				budget.left -= sent.length;
				counts.set(blob, (counts.get(blob) ?? 0) + sent.length);
				outgoing.write(sent, () => budget.left <= 0 && empty());
			});
		});
		onward.on("error", () => outgoing.destroy());
		outgoing.on("close", () => onward.destroy());
		incoming.pipe(onward);
	};
}
