/** What registries do wrong, in one kind of error. */
import { ComposefsError, type ComposefsErrorDetails } from "../../errors.ts";

/** The rules that a registry, or its way here, can break. */
export type RegistryRule =
	/** No connection, or one that broke. */
	| "connection"
	/** No byte within the time limit. */
	| "stalled"
	/** Fewer bytes than there should be. */
	| "truncated"
	/** Too many redirects, or one to where none may lead. */
	| "redirect"
	/** No TLS is spoken where HTTPS was asked for: perhaps plain HTTP is, which has to be allowed. */
	| "no-tls"
	/** A certificate that is not trusted here, or not valid now, or another host's. */
	| "certificate"
	/** Plain HTTP where it was not asked for. */
	| "plain-http"
	/** A status that says no, or makes no sense here. */
	| "status"
	/** Credentials are missing, or are not accepted. */
	| "unauthorized"
	/** The server asks for credentials in a way that is not known. */
	| "challenge"
	/** Tokens would be fetched from a server that does not belong to the registry. */
	| "realm"
	/** What the token server said is no token. */
	| "token"
	/** Docker's configuration or a credential helper. */
	| "credentials"
	/** A web page instead of a blob. */
	| "html"
	/** The length of a blob is not what its descriptor says. */
	| "blob-size"
	/** Parts of a blob that were not asked for, or are not where they should be. */
	| "range"
	/** The blob became another one while it was read. */
	| "changed"
	/** Bytes that were asked for as they are came encoded. */
	| "content-encoding"
	/** A manifest, or another document, that is too long. */
	| "document-size"
	/** A document that is not what it should be. */
	| "document"
	/** A place to send a blob to that cannot be one. */
	| "upload";

export function registryError(
	rule: RegistryRule,
	where: URL | string,
	what: string,
	details: ComposefsErrorDetails = {},
): ComposefsError {
	const place = typeof where === "string" ? where : showUrl(where);
	return new ComposefsError("ERR_COMPOSEFS_REGISTRY", `${place}: ${what}`, { rule, ...details });
}

/** What OpenSSL, of several versions, says of an answer in plain HTTP. */
const NOT_TLS: ReadonlySet<string> = new Set([
	"ERR_SSL_WRONG_VERSION_NUMBER",
	"ERR_SSL_PACKET_LENGTH_TOO_LONG",
]);

/** What Node says of a certificate, which is the same with the next attempt: of the host's, or of those that vouch for it. */
const NOT_TRUSTED =
	/CERT|^UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|^INVALID_(?:CA|PURPOSE)$|^(?:PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/;

/** Of what `fetch` throws. The built-in one says why in the cause; what other transports throw can be anything. */
export function connectionError(url: URL, error: unknown): ComposefsError {
	const { cause, message } = (error ?? {}) as { cause?: NodeJS.ErrnoException; message?: string };
	if (NOT_TLS.has(cause?.code ?? "")) {
		const text = "no TLS is spoken there; plain HTTP has to be allowed";
		return registryError("no-tls", url, text, { cause: error });
	}
	if (NOT_TRUSTED.test(String(cause?.code ?? ""))) {
		const text = `its certificate is not accepted: ${cause?.message}`;
		return registryError("certificate", url, text, { cause: error });
	}
	const reason = cause?.message?.trim() || cause?.code || message || String(error);
	return registryError("connection", url, `the connection failed: ${reason}`, { cause: error });
}

/** A URL as messages may show it: its query can be a secret that opens a blob. */
export function showUrl({ origin, pathname }: URL): string {
	return origin + pathname;
}

const TRANSIENT: ReadonlySet<string> = new Set<RegistryRule>(["connection", "stalled", "truncated"]);

/** Whether the same request may well succeed a moment later. */
export function isTransient(error: unknown): boolean {
	if (!(error instanceof ComposefsError) || error.code !== "ERR_COMPOSEFS_REGISTRY") return false;
	if (error.status !== undefined) return isTransientStatus(error.status);
	return error.rule !== undefined && TRANSIENT.has(error.rule);
}

export function isTransientStatus(status: number): boolean {
	return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}
