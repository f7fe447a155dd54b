/** The app-registry as nanoctl speaks to it: see `registry-api.ts` of `protocol`. */
import { createHash } from "node:crypto";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import type { BuildEvent } from "@nano/protocol/records";
import {
  type AppsAnswer,
  appsAnswerSchema,
  buildEventSchema,
  type DeployRequestInput,
  type FeedAnswer,
  feedAnswerSchema,
  type RequestProblem,
  type Route,
  registryPaths,
  requestProblemSchema,
  type VersionAnswer,
  versionAnswerSchema,
  wireErrorSchema,
} from "@nano/protocol/registry-api";
import type { SecretValues } from "@nano/protocol/secrets";
import type { z } from "zod";
import { errors } from "../errors.ts";
import { splitLines } from "../output/split-lines.ts";
import { callWhole, openCall } from "./http-client.ts";

const CALL_TIMEOUT_MS = 30_000;
/** Builds send heartbeats far more often. */
const EVENTS_TIMEOUT_MS = 60_000;
/** A registry that was just restarted is back within this. */
const RETRY_DEADLINE_MS = 10_000;
const RETRY_PAUSE_MS = 100;
const MAX_SHOWN_BYTES = 500;

export interface RegistryClient {
  /** Stores bytes under their digest. Idempotent. */
  storeArtifact(bytes: Uint8Array): Promise<ArtifactDigest>;
  deploy(app: AppName, deploy: DeployRequestInput): Promise<VersionAnswer>;
  readVersion(app: AppName, version: VersionId): Promise<VersionAnswer>;
  /** Events of a build until its outcome. */
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

/**
 * Every method throws CTL_REGISTRY_REFUSED or, where nobody answers for `RETRY_DEADLINE_MS`, CTL_REGISTRY_LOST.
 * All calls are idempotent, so each is repeated while the registry is being restarted or says that it is busy.
 */
export function createRegistryClient(address: string): RegistryClient {
  const send = async (method: string, path: string, body?: Uint8Array, contentType?: string): Promise<Buffer> => {
    const deadlineMs = performance.now() + RETRY_DEADLINE_MS;
    for (;;) {
      try {
        const call = { address, method, path, body, idleTimeoutMs: CALL_TIMEOUT_MS };
        const answer = await callWhole(contentType === undefined ? call : { ...call, contentType });
        if (answer.status < 400) return answer.body;
        if (isRetryable(answer.body) && performance.now() < deadlineMs) {
          await pause();
          continue;
        }
        throw errors.REGISTRY_REFUSED({ method, path, status: answer.status, why: describeRefusal(answer.body) });
      } catch (error) {
        if (!isLostConnection(error)) throw error;
        if (performance.now() >= deadlineMs) {
          throw errors.REGISTRY_LOST({ method, path, why: (error as Error).message }, error);
        }
        await pause();
      }
    }
  };
  const sendJson = async <T>(method: string, path: string, body: unknown, schema: z.ZodType<T>): Promise<T> => {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return schema.parse(JSON.parse((await send(method, path, bytes)).toString("utf8")));
  };

  return {
    async storeArtifact(bytes) {
      const digest = createHash("sha256").update(bytes).digest("hex") as ArtifactDigest;
      await send("PUT", registryPaths.artifact(digest), bytes, "application/octet-stream");
      return digest;
    },
    deploy: (app, deploy) => sendJson("POST", registryPaths.versions(app), deploy, versionAnswerSchema),
    readVersion: (app, version) => sendJson("GET", registryPaths.version(app, version), undefined, versionAnswerSchema),
    async followBuild(app, version, take) {
      const path = registryPaths.versionEvents(app, version);
      const answer = await openCall({ address, method: "GET", path, idleTimeoutMs: EVENTS_TIMEOUT_MS });
      if (answer.statusCode !== 200) {
        answer.resume();
        throw errors.REGISTRY_REFUSED({ method: "GET", path, status: answer.statusCode ?? 0, why: "no build events" });
      }
      await splitLines(answer, (line) => {
        if (line.trim() !== "") take(buildEventSchema.parse(JSON.parse(line)) as BuildEvent);
      });
    },
    async replaceRoutes(routes) {
      await send("PUT", registryPaths.routes, Buffer.from(JSON.stringify({ routes })));
    },
    async listApps() {
      return (await sendJson("GET", registryPaths.apps, undefined, appsAnswerSchema)).apps;
    },
    async createApp(app) {
      await send("PUT", registryPaths.app(app));
    },
    async deleteApp(app) {
      await send("DELETE", registryPaths.app(app));
    },
    async replaceSecrets(app, secrets) {
      await send("PUT", registryPaths.secrets(app), Buffer.from(JSON.stringify({ secrets })));
    },
    readPosition: () => sendJson("GET", registryPaths.feed, undefined, feedAnswerSchema),
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
}

const LOST_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE"]);

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && LOST_CODES.has((error as NodeJS.ErrnoException).code ?? "");
}

/** The registry's own words, with every problem it found. */
function describeRefusal(body: Buffer): string {
  const wire = parseWire(body);
  if (wire === null) return body.toString("utf8", 0, MAX_SHOWN_BYTES);
  const problems = requestProblemSchema.array().safeParse(wire.details.problems);
  const lines = (problems.data ?? []).map(
    (p: RequestProblem) => `\n  ${p.where}: found ${p.got}, expected ${p.expected}`,
  );
  return wire.message + lines.join("");
}

function isRetryable(body: Buffer): boolean {
  return parseWire(body)?.retryable === true;
}

function parseWire(body: Buffer): WireError | null {
  try {
    return wireErrorSchema.safeParse(JSON.parse(body.toString("utf8"))).data ?? null;
  } catch {
    return null; // no JSON: not the registry's own words
  }
}
