/** Identifiers that cross a process. A brand keeps one kind from being passed for another. */

declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** An application of a tenant: 1–63 of `a-z 0-9 . -`, beginning and ending with a letter or digit. */
export type AppName = Brand<string, "AppName">;
/** One life of an app, from its making to its deletion: drawn at random, so that one that is made again under its name is another. */
export type AppIdentity = Brand<string, "AppIdentity">;
/** One immutable deploy of an app: `v` and 16 hex digits of the digest of what was deployed. */
export type VersionId = Brand<string, "VersionId">;
/** SHA-256 of a stored artifact (bundle, asset pack, sliver), 64 hex digits. */
export type ArtifactDigest = Brand<string, "ArtifactDigest">;
/** What a heap snapshot depends on (engine, isolated-vm, architecture, web-api script), 32 hex digits. */
export type EngineFingerprint = Brand<string, "EngineFingerprint">;
/** A worker process of an executor, unique over restarts. */
export type WorkerId = Brand<string, "WorkerId">;
/** An executor. */
export type NodeId = Brand<string, "NodeId">;
/** One request as the router numbered it; in `x-nano-request-id`, logs and the flight recorder. */
export type RequestId = Brand<string, "RequestId">;

const APP_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
const VERSION_ID = /^v[0-9a-f]{16}$/;
const DIGEST = /^[0-9a-f]{64}$/;

export function isAppName(value: string): value is AppName {
  return APP_NAME.test(value);
}

export function isVersionId(value: string): value is VersionId {
  return VERSION_ID.test(value);
}

export function isArtifactDigest(value: string): value is ArtifactDigest {
  return DIGEST.test(value);
}
