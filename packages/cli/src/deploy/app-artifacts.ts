/** What of an app is sent to the registry, and how it gets there. */
import type { BundledApp } from "@nano/bundle/bundle-app";
import type { AppName, EngineFingerprint } from "@nano/protocol/brands";
import { isNanoError } from "@nano/protocol/errors";
import type { ManifestInput } from "@nano/protocol/manifest";
import type { BundleArtifact } from "@nano/protocol/records";
import type { DeployRequestInput, VersionAnswer } from "@nano/protocol/registry-api";
import { packAssets } from "@nano/sliver/asset-pack";
import type { RegistryClient } from "../registry/registry-client.ts";

export interface AppArtifacts {
  readonly manifest: ManifestInput;
  readonly bundle: BundleArtifact | null;
  /** The asset pack. */
  readonly assets: Uint8Array | null;
  readonly sliver: { readonly bytes: Uint8Array; readonly fingerprint: EngineFingerprint } | null;
}

/** Makes what is deployed; throws what is wrong with it. */
export type MakeArtifacts = () => Promise<AppArtifacts>;

/** @throws SLIVER_ASSETS_REFUSED */
export async function packApp(app: BundledApp, manifest: ManifestInput): Promise<AppArtifacts> {
  const assets = app.assetsDir === null ? null : await packAssets(app.assetsDir);
  return { manifest, bundle: app.artifact, assets, sliver: null };
}

/** What the app says of itself, and over it what whoever runs it says. */
export function mergeManifests(own: ManifestInput, over: ManifestInput): ManifestInput {
  return {
    ...own,
    ...over,
    env_vars: { ...own.env_vars, ...over.env_vars },
    limits: { ...own.limits, ...over.limits },
    websocket: { ...own.websocket, ...over.websocket },
  };
}

export type Uploader = Pick<RegistryClient, "storeArtifact">;
export type UploadedArtifacts = Pick<DeployRequestInput, "bundle" | "assets" | "sliver">;

/** Uploads what is missing. */
export async function uploadArtifacts(made: AppArtifacts, registry: Uploader): Promise<UploadedArtifacts> {
  const [bundle, assets, sliver] = await Promise.all([
    made.bundle === null ? null : registry.storeArtifact(Buffer.from(JSON.stringify(made.bundle))),
    made.assets === null ? null : registry.storeArtifact(made.assets),
    made.sliver === null ? null : registry.storeArtifact(made.sliver.bytes),
  ]);
  return { bundle, assets, sliver };
}

const UNKNOWN_ARTIFACT = "REGISTRY_UNKNOWN_ARTIFACT";

/** Uploads what is missing and makes a version of it. */
export async function deployArtifacts(
  made: AppArtifacts,
  options: {
    readonly app: AppName;
    readonly activate: boolean;
    readonly registry: Uploader & Pick<RegistryClient, "deploy">;
    readonly onUploaded?: () => void;
  },
): Promise<VersionAnswer> {
  const { app, activate, registry } = options;
  const { manifest } = made;
  const fingerprint = made.sliver?.fingerprint ?? null;
  const upload = async (): Promise<DeployRequestInput> => {
    const uploaded = await uploadArtifacts(made, registry);
    return { manifest, ...uploaded, fingerprint, activate };
  };
  const request = await upload();
  options.onUploaded?.();
  try {
    return await registry.deploy(app, request);
  } catch (error) {
    // What no version named was collected since it was looked for.
    if (!isNanoError(error) || !isNanoError(error.cause) || error.cause.code !== UNKNOWN_ARTIFACT) throw error;
    return await registry.deploy(app, await upload());
  }
}
