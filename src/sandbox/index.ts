/**
 * Untrusted metadata, processed where it can reach nothing.
 *
 * @module composefs/sandbox
 */
/// <reference types="node" preserve="true" />

export { SANDBOX_LIMITS, type SandboxLayer, type SandboxOptions } from "./options.ts";
export type { Enforced } from "./reply.ts";
export { createSandbox, type Sandbox, type SandboxCallOptions, type SandboxSource } from "./sandbox.ts";
