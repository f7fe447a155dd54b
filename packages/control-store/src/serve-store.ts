/**
 * The registry's side of the embedded store: HTTP on a Unix socket that only this user can open.
 *
 * I1 What arrives is parsed before the store sees it.
 * I2 A job whose taker has gone by the time it is found is given back.
 */
import { once } from "node:events";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import { toWireError } from "@nano/protocol/errors";
import { buildEventSchema, buildJobSchema, parseStoreRecord, versionIdSchema } from "@nano/protocol/record-schema";
import type { BuildJob, NodeRecord, StoreChange } from "@nano/protocol/records";
import { auditEntrySchema } from "@nano/protocol/registry-api";
import { z } from "zod";
import { type BuildQueue, isOutcome } from "./build-queue.ts";
import type { ControlStore } from "./control-store.ts";
import { errors } from "./errors.ts";
import type { JobClaim, JobLedger } from "./job-ledger.ts";
import { writeJsonLines } from "./json-lines.ts";
import { MAX_IDENTITY_CHARS } from "./process-identity.ts";
import { AUDIT_ENTRY_COUNT, MAX_COMMIT_BYTES } from "./store-changes.ts";
import { storePaths } from "./store-paths.ts";

/** Largest request: a commit with its preconditions. */
export const MAX_REQUEST_BYTES = 2 * MAX_COMMIT_BYTES + 1024 * 1024;
/** Connections at a time: each reader of the feed, follower and waiting builder holds one. */
const MAX_CONNECTIONS = 4096;
const MAX_LEASE_MS = 600_000;

const recordSchema = z.unknown().transform((value) => parseStoreRecord(value));
const commitSchema = z.object({
  changes: z.array(z.object({ key: z.string(), record: recordSchema.nullable() })),
  options: z
    .object({
      idempotencyKey: z.string().min(1).max(256).optional(),
      receipt: z.string().optional(),
      expect: z.array(z.object({ key: z.string(), record: recordSchema.nullable() })).optional(),
      unchanged: z
        .object({ kinds: z.array(z.string()), since: z.object({ epoch: z.string(), seq: z.number().int() }) })
        .optional(),
      audit: z.array(auditEntrySchema).optional(),
    })
    .optional(),
});
const limitSchema = z.coerce.number().int().min(1).max(AUDIT_ENTRY_COUNT);
const leaseSchema = z.object({ record: z.unknown(), ttlMs: z.number().min(1).max(MAX_LEASE_MS) });
const jobSchema = z.object({ job: buildJobSchema });
const claimSchema = z.object({ version: versionIdSchema, token: z.string() });
/** Null: a builder that says nothing of itself. */
const takeSchema = z.object({ holder: z.string().max(MAX_IDENTITY_CHARS).nullish() }).nullable();
const reportSchema = z.object({ claim: claimSchema, events: z.array(buildEventSchema).max(10_000) });
const finishSchema = z.object({ claim: claimSchema, outcome: buildEventSchema });
const releaseSchema = z.object({ claim: claimSchema });

export interface StoreServer {
  readonly socketPath: string;
  close(): Promise<void>;
}

async function readBody(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_REQUEST_BYTES) {
      throw errors.COMMIT_TOO_LARGE({ what: "request", bytes, limitBytes: MAX_REQUEST_BYTES });
    }
  }
  return bytes === 0 ? null : JSON.parse(Buffer.concat(chunks, bytes).toString("utf8"));
}

async function parseBody<T>(req: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const what = `${req.method} ${req.url}`;
  let body: unknown;
  try {
    body = await readBody(req);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw errors.BAD_REQUEST({ what, why: cause.message }, cause);
  }
  try {
    return schema.parse(body);
  } catch (cause) {
    throw errors.BAD_REQUEST({ what, why: cause instanceof Error ? cause.message : String(cause) }, cause);
  }
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { "content-type": "application/json", "content-length": text.length });
  res.end(text);
}

function sendLines(res: ServerResponse, values: AsyncIterable<unknown>): Promise<void> {
  res.writeHead(200, { "content-type": "application/x-ndjson" });
  res.flushHeaders();
  return writeJsonLines(res, values, toWireError);
}

/** Aborts when the peer leaves before it is answered. */
function signalOf(res: ServerResponse): AbortSignal {
  const left = new AbortController();
  res.once("close", () => left.abort());
  return left.signal;
}

async function takeJob(ledger: JobLedger, holder: string | null, res: ServerResponse): Promise<void> {
  const taken = await ledger.takeJob(signalOf(res), holder);
  if (taken === null || !res.destroyed) return sendJson(res, 200, taken);
  await ledger.releaseJob({ version: taken.job.version, token: taken.token });
}

async function answer(store: ControlStore, queue: BuildQueue & JobLedger, req: IncomingMessage, res: ServerResponse) {
  const url = new URL(req.url ?? "/", "http://store");
  const path = url.pathname;
  const operation = `${req.method} ${path}`;
  if (operation === `GET ${storePaths.snapshot}`) return sendJson(res, 200, await store.loadSnapshot());
  if (operation === `GET ${storePaths.feed}`) {
    const after = { epoch: url.searchParams.get("epoch") ?? "", seq: Number(url.searchParams.get("seq")) };
    return sendLines(res, store.watchFeed(after, signalOf(res)));
  }
  if (operation === `POST ${storePaths.commit}`) {
    const { changes, options } = await parseBody(req, commitSchema);
    return sendJson(res, 200, await store.commit(changes as readonly StoreChange[], (options ?? {}) as object));
  }
  if (operation === `GET ${storePaths.receipt}`) {
    return sendJson(res, 200, { receipt: await store.findReceipt(url.searchParams.get("key") ?? "") });
  }
  if (operation === `GET ${storePaths.audit}`) {
    return sendJson(res, 200, await store.readAudit(limitSchema.parse(url.searchParams.get("limit"))));
  }
  if (path.startsWith(storePaths.leases) && req.method === "PUT") {
    const { record, ttlMs } = await parseBody(req, leaseSchema);
    await store.renewLease(record as NodeRecord, ttlMs);
    return sendJson(res, 200, null);
  }
  if (path.startsWith(storePaths.leases) && req.method === "DELETE") {
    await store.endLease(decodeURIComponent(path.slice(storePaths.leases.length)) as NodeRecord["id"]);
    return sendJson(res, 200, null);
  }
  if (path.startsWith(storePaths.builds) && req.method === "GET") {
    const version = versionIdSchema.parse(path.slice(storePaths.builds.length));
    const afterSeq = Number(url.searchParams.get("after"));
    return sendLines(res, queue.followEvents({ version, afterSeq }, signalOf(res)));
  }
  return answerJobs(queue, operation, req, res);
}

async function answerJobs(
  queue: BuildQueue & JobLedger,
  operation: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  switch (operation) {
    case `POST ${storePaths.jobs}`:
      await queue.enqueue((await parseBody(req, jobSchema)).job as unknown as BuildJob);
      return sendJson(res, 200, null);
    case `POST ${storePaths.takeJob}`:
      return takeJob(queue, (await parseBody(req, takeSchema))?.holder ?? null, res);
    case `POST ${storePaths.reportJob}`: {
      const { claim, events } = await parseBody(req, reportSchema);
      await queue.reportJob(claim as JobClaim, events);
      return sendJson(res, 200, null);
    }
    case `POST ${storePaths.finishJob}`: {
      const { claim, outcome } = await parseBody(req, finishSchema);
      if (!isOutcome(outcome)) {
        throw errors.BAD_REQUEST({ what: operation, why: `${outcome.type} is not an outcome` });
      }
      await queue.finishJob(claim as JobClaim, outcome);
      return sendJson(res, 200, null);
    }
    case `POST ${storePaths.releaseJob}`:
      await queue.releaseJob((await parseBody(req, releaseSchema)).claim as JobClaim);
      return sendJson(res, 200, null);
    default:
      throw errors.BAD_REQUEST({ what: operation, why: "there is no such operation" });
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Serves a store and its queue to the other processes of this machine. */
export async function serveStore(
  store: ControlStore,
  queue: BuildQueue & JobLedger,
  options: { readonly socketPath: string },
): Promise<StoreServer> {
  const server = createServer((req, res) => {
    answer(store, queue, req, res).catch((error: unknown) => {
      const wire = toWireError(error);
      if (res.headersSent) res.destroy();
      else sendJson(res, wire.httpStatus, wire);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  mkdirSync(dirname(options.socketPath), { recursive: true, mode: 0o700 });
  // Whoever holds the store's file holds its socket too: one that is there was left behind by a killed registry.
  rmSync(options.socketPath, { force: true });
  server.listen(options.socketPath);
  await once(server, "listening");
  chmodSync(options.socketPath, 0o600);
  return { socketPath: options.socketPath, close: () => closeServer(server) };
}
