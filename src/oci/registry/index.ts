/** Registries: references, pulling and pushing. */
export { RegistryClient, type RegistryOptions } from "./client.ts";
export { type CredentialSource, type Credentials, dockerCredentials } from "./docker-config.ts";
export type { RegistryRule } from "./fault.ts";
export type { FetchedManifest } from "./manifests.ts";
export type { PlainHttp } from "./plain-http.ts";
export { formatReference, type ImageReference, parseReference } from "./reference.ts";
export type { Repository } from "./repository.ts";
export type { Fetch } from "./transport.ts";
