/** The app-registry as a deploy needs it: see `registry-api.ts` of `protocol`. What operators ask besides is `cluster-client.ts`. */
import { createHash } from "node:crypto";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import type { BuildEvent } from "@nano/protocol/records";
import {
  type AppsAnswer,
  appsAnswerSchema,
  buildEventSchema,
  type DeployRequestInput,
  type FeedAnswer,
  feedAnswerSchema,
  type Route,
  registryPaths,
  type VersionAnswer,
  versionAnswerSchema,
} from "@nano/protocol/registry-api";
import type { SecretValues } from "@nano/protocol/secrets";
import { splitLines } from "../output/split-lines.ts";
import { endpointOf } from "./endpoint.ts";
import { RegistryTransport } from "./registry-transport.ts";

const NOT_FOUND = 404;

export interface RegistryClient {
  /** Stores bytes under their digest, where they are not there. Idempotent. */
  storeArtifact(bytes: Uint8Array): Promise<ArtifactDigest>;
  deploy(app: AppName, deploy: DeployRequestInput): Promise<VersionAnswer>;
  readVersion(app: AppName, version: VersionId): Promise<VersionAnswer>;
  /** Events of a build until its outcome, or until the stream is lost. */
  followBuild(app: AppName, version: VersionId, take: (event: BuildEvent) => void): Promise<void>;
  replaceRoutes(routes: readonly Route[]): Promise<void>;
  listApps(): Promise<AppsAnswer["apps"]>;
  /** Makes an app without a version, where there is none of that name. */
  createApp(app: AppName): Promise<void>;
  deleteApp(app: AppName): Promise<void>;
  /** Replaces the whole set of its secrets. */
  replaceSecrets(app: AppName, secrets: SecretValues): Promise<void>;
  /** A place in the change feed that holds every change answered so far. */
  readPosition(): Promise<FeedAnswer>;
}

/** The client of a registry at a Unix socket or `host:port`, for who needs no token. `signal` ends its calls. */
export function createRegistryClient(address: string, signal: AbortSignal): RegistryClient {
  return registryClientOver(new RegistryTransport({ endpoint: endpointOf(address), signal }));
}

/** Every method throws what `RegistryTransport` does. */
export function registryClientOver(transport: RegistryTransport): RegistryClient {
  return {
    async storeArtifact(bytes) {
      const digest = createHash("sha256").update(bytes).digest("hex") as ArtifactDigest;
      const path = registryPaths.artifact(digest);
      const found = await transport.send({ method: "HEAD", path, expectedStatuses: [NOT_FOUND] });
      if (found.status !== NOT_FOUND) return digest;
      await transport.send({ method: "PUT", path, body: bytes, contentType: "application/octet-stream" });
      return digest;
    },
    deploy: (app, deploy) =>
      transport.sendJson({ method: "POST", path: registryPaths.versions(app), body: deploy }, versionAnswerSchema),
    readVersion: (app, version) =>
      transport.sendJson({ method: "GET", path: registryPaths.version(app, version) }, versionAnswerSchema),
    async followBuild(app, version, take) {
      const answer = await transport.open(registryPaths.versionEvents(app, version));
      await splitLines(answer, (line) => {
        if (line.trim() !== "") take(buildEventSchema.parse(JSON.parse(line)) as BuildEvent);
      });
    },
    async replaceRoutes(routes) {
      await transport.send({
        method: "PUT",
        path: registryPaths.routes,
        body: Buffer.from(JSON.stringify({ routes })),
      });
    },
    async listApps() {
      return (await transport.sendJson({ method: "GET", path: registryPaths.apps }, appsAnswerSchema)).apps;
    },
    async createApp(app) {
      await transport.send({ method: "PUT", path: registryPaths.app(app) });
    },
    async deleteApp(app) {
      await transport.send({ method: "DELETE", path: registryPaths.app(app) });
    },
    async replaceSecrets(app, secrets) {
      const body = Buffer.from(JSON.stringify({ secrets }));
      await transport.send({ method: "PUT", path: registryPaths.secrets(app), body });
    },
    readPosition: () => transport.sendJson({ method: "GET", path: registryPaths.feed }, feedAnswerSchema),
  };
}
