/** The request side of a worker in this process: real links over a socket, real isolates, a recorder on a file. */
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { engineFingerprint } from "@nano/isolate/engine";
import type { GuestHost } from "@nano/isolate/isolate";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { AppLimits } from "@nano/protocol/app-limits";
import type { AppName, RequestId, VersionId, WorkerId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import { type ManifestInput, resolveManifest } from "@nano/protocol/manifest";
import {
  decodeHeaderBlock,
  decodeResponseHead,
  encodeHeaderBlock,
  encodeRequestHead,
  type ResponseHead,
} from "@nano/protocol/messages";
import { onTestFinished } from "vitest";
import { FlightRecorder } from "../src/flight-recorder.ts";
import { AppAssets } from "../src/request/app-assets.ts";
import { AppLane } from "../src/request/app-lane.ts";
import { IsolateCache } from "../src/request/isolate-cache.ts";
import { RouterLinks } from "../src/request/router-links.ts";
import { SliverSources, type SourceFall } from "../src/request/sliver-sources.ts";
import { Turns } from "../src/request/turns.ts";
import { VersionServer } from "../src/request/version-server.ts";
import { VersionTable } from "../src/request/version-table.ts";
import { WorkerCounters } from "../src/request/worker-counters.ts";
import type { WorkerBudgets } from "../src/worker-messages.ts";
import { nextVersionId, type SliverFixture, temporaryDirectory, writeSliverEntry } from "./sliver-fixture.ts";

const CREDENTIAL = "credential of the worker";
/** Limits that no test meets by accident, also on a loaded machine. */
const ROOMY: Partial<AppLimits> = { cpuTimeMs: 5_000, timeoutMs: 20_000, waitUntilMs: 20_000, initTimeMs: 10_000 };

/** A request as a router sends it, and what came back. */
/** With what a router resets the stream of a client that left. */
export const GONE = {
  code: "T",
  message: "gone",
  fault: "caller",
  retryable: false,
  httpStatus: 499,
  reason: "gone",
  details: {},
} as const;

export class RouterStream implements StreamListener {
  head: ResponseHead | null = null;
  error: WireError | null = null;
  body = Buffer.alloc(0);
  isEnded = false;
  /** Bytes of the answer are taken as they come; false: credit is kept. */
  isTaking = true;
  stream: LinkStream | null = null;
  /** The answer is complete, or has failed. */
  readonly done: Promise<void>;
  readonly answered: Promise<void>;
  #finish: () => void = () => undefined;
  #answer: () => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  get text(): string {
    return this.body.toString();
  }

  get workerHeaders(): string[] {
    return decodeHeaderBlock(this.head?.workerHeaders ?? "");
  }

  get headers(): string[] {
    return decodeHeaderBlock(this.head?.headers ?? "");
  }

  onHead(payload: Buffer): void {
    this.head = decodeResponseHead(payload);
    this.#answer();
  }
  onData(chunk: Buffer): void {
    this.body = Buffer.concat([this.body, chunk]);
    if (this.isTaking) this.stream?.grant(chunk.length);
  }
  onEnd(): void {
    this.isEnded = true;
    this.#finish();
  }
  onReset(error: WireError): void {
    this.error = error;
    this.#answer();
    this.#finish();
  }
  onDrain(): void {}
}

export interface SendRequest {
  readonly versionId: VersionId;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly string[];
  /** The whole body; `open`: it follows, by `stream`. */
  readonly body?: string | Buffer | "open";
}

export interface ServeOptions {
  readonly manifest?: ManifestInput;
  readonly limits?: Partial<AppLimits>;
  readonly assetsPath?: string;
  readonly versionId?: VersionId;
  /** What is particular about the sliver. */
  readonly sliver?: Partial<SliverFixture>;
  /** A sliver that is there, in place of one of the script. */
  readonly sliverPath?: string;
  /** Debug headers name this worker. @default none */
  readonly debugWorkerId?: WorkerId;
}

export async function openWorker(budgets: Partial<WorkerBudgets> = {}) {
  const directory = temporaryDirectory();
  const recorderFd = openSync(join(directory, "recorder"), "w+");
  const recorder = new FlightRecorder(recorderFd);
  const needed: VersionId[] = [];
  const versions = new VersionTable({ need: (versionId) => needed.push(versionId) });
  const links = new RouterLinks({ workerId: "w1", credential: CREDENTIAL, versions });
  const turns = new Turns();
  const counters = new WorkerCounters();
  const sources = new SliverSources(engineFingerprint());
  const cache = new IsolateCache({ isolateCount: 100, isolateBytes: 2 ** 31, ...budgets }, () => sources.blobBytes);
  const falls: SourceFall[] = [];
  const logs: string[] = [];
  const host: GuestHost = {
    beginEntry: (app, request, limitMs) => recorder.begin(app, request, limitMs),
    endEntry: () => recorder.end(),
    log: ({ text }) => void logs.push(text),
    openFetch: () => ({ writeBody: () => true, endBody() {}, pull() {}, cancel() {} }),
  };
  const server = createServer((socket) => links.accept(socket));
  const address = join(directory, "w.sock");
  await new Promise<void>((resolve) => server.listen(address, resolve));
  const routerLinks: Link[] = [];
  const servers: VersionServer<AppLane>[] = [];
  onTestFinished(async () => {
    for (const link of routerLinks) link.close();
    server.close();
    for (const each of servers) each.lane.evict();
    // The recorder writes once more when the turn ends.
    await new Promise((resolve) => setTimeout(resolve, 5));
    closeSync(recorderFd);
  });

  const openSource = (path: string) => sources.open(path, { onFall: (fall) => falls.push(fall) });
  const serverOf = (script: string | null, options: ServeOptions = {}): VersionServer<AppLane> => {
    const versionId = options.versionId ?? nextVersionId();
    const resolved = resolveManifest(options.manifest ?? {});
    const sliverPath =
      options.sliverPath ?? (script === null ? null : writeSliverEntry({ ...options.sliver, script }, directory));
    const assignment = {
      versionId,
      app: "subject" as AppName,
      manifest: { ...resolved, limits: { ...resolved.limits, ...ROOMY, ...options.limits } },
      sliverPath,
      assetsPath: options.assetsPath ?? null,
    };
    const source = sliverPath === null ? null : openSource(sliverPath);
    const assets = assignment.assetsPath === null ? null : new AppAssets(assignment.assetsPath);
    const created = new VersionServer(
      assignment,
      new AppLane(assignment, {
        cache,
        turns,
        recorder,
        counters,
        host: assets === null ? host : { ...host, openAsset: assets.openFetch },
        source,
        debugWorkerId: options.debugWorkerId ?? null,
      }),
      { assets, debugWorkerId: options.debugWorkerId ?? null },
    );
    servers.push(created);
    return created;
  };

  return {
    directory,
    address,
    recorder,
    recorderFd,
    needed,
    versions,
    links,
    cache,
    turns,
    counters,
    sources,
    logs,
    falls,
    openSource,
    createServer: serverOf,
    /** Serves a script from now on. */
    serve(script: string | null, options: ServeOptions = {}): VersionServer<AppLane> {
      const created = serverOf(script, options);
      versions.add(created.assignment.versionId, created);
      return created;
    },
    /** A link of a router. */
    async dial(peer = "router-1", credential = CREDENTIAL): Promise<Link> {
      const dialed = await dialLink({ address, credential, peer });
      if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
      routerLinks.push(dialed.link);
      return dialed.link;
    },
  };
}

export type OpenedWorker = Awaited<ReturnType<typeof openWorker>>;

let requestCount = 0;

/** Sends a request; `done` tells when its answer is complete. */
export function send(link: Link, request: SendRequest): RouterStream {
  requestCount += 1;
  const { versionId, method = "GET", path = "/", headers = ["host", "subject.test"], body } = request;
  const heard = new RouterStream();
  const head = encodeRequestHead({
    requestId: `r${requestCount}` as RequestId,
    versionId,
    method,
    url: `http://subject.test${path}`,
    headers: encodeHeaderBlock(headers),
  });
  const stream = link.openStream(head, heard, { isEnd: body === undefined });
  if (stream === null) throw new Error("the link takes no stream");
  heard.stream = stream;
  if (body !== undefined && body !== "open") stream.end(Buffer.from(body));
  return heard;
}

/** Sends a request and waits for the end of its answer. */
export async function ask(link: Link, request: SendRequest): Promise<RouterStream> {
  const heard = send(link, request);
  await heard.done;
  return heard;
}
