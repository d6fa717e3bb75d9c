/** Which token servers belong to a registry. */

/**
 * Whether a registry may send its users to a realm for tokens. Whoever answers for the registry could otherwise send
 * their passwords anywhere. A realm belongs to the registry
 *
 * - on the same host, on any port;
 * - in the same domain: the registry's host without its first label, that domain itself or a host in it. The domain
 *   needs two labels, or three where the last two look like a suffix under which anyone can register (`co.uk`);
 * - where the caller names its host.
 */
export function belongsTo(realm: URL, registry: URL, trusted: readonly string[] = []): boolean {
	if (trusted.includes(realm.host) || trusted.includes(realm.hostname)) return true;
	if (realm.hostname === registry.hostname) return true;
	const domain = domainOf(registry.hostname);
	return domain !== undefined && (realm.hostname === domain || realm.hostname.endsWith(`.${domain}`));
}

function domainOf(host: string): string | undefined {
	// Addresses have no domain.
	if (/^[0-9.]+$/.test(host) || host.startsWith("[")) return undefined;
	const labels = host.split(".").slice(1);
	const [second = "", top = ""] = labels.slice(-2);
	const isSuffix = top.length === 2 && second.length <= 3;
	return labels.length >= (isSuffix ? 3 : 2) ? labels.join(".") : undefined;
}
