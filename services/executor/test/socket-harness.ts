/** The WebSocket side of a worker in this process: real links over a socket, real isolates, a recorder on a file. */
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { engineFingerprint } from "@nano/isolate/engine";
import type { GuestHost } from "@nano/isolate/isolate";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { AppLimits } from "@nano/protocol/app-limits";
import type { AppName, RequestId, VersionId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import { type ManifestInput, resolveManifest, type WebSocketLimits } from "@nano/protocol/manifest";
import { decodeResponseHead, encodeHeaderBlock, encodeRequestHead, type ResponseHead } from "@nano/protocol/messages";
import {
  decodeSocketClose,
  encodeSocketClose,
  encodeSocketMessage,
  type SocketClose,
  SocketMessageKind,
  SocketMessageReader,
} from "@nano/protocol/socket-messages";
import { onTestFinished } from "vitest";
import { FlightRecorder } from "../src/flight-recorder.ts";
import { RouterLinks } from "../src/request/router-links.ts";
import { SliverSources, type SourceFall } from "../src/request/sliver-sources.ts";
import { Turns } from "../src/request/turns.ts";
import { VersionServer } from "../src/request/version-server.ts";
import { VersionTable } from "../src/request/version-table.ts";
import { WorkerCounters } from "../src/request/worker-counters.ts";
import { LiveSockets } from "../src/websocket/live-sockets.ts";
import { SocketLane, type SocketLaneParts } from "../src/websocket/socket-lane.ts";
import { nextVersionId, temporaryDirectory, writeSliverEntry } from "./sliver-fixture.ts";

const CREDENTIAL = "credential of the worker";
const ROOMY: Partial<AppLimits> = { cpuTimeMs: 5_000, timeoutMs: 20_000, waitUntilMs: 20_000, initTimeMs: 10_000 };

/** The body of a handler that upgrades: `server` is its end, accepted. */
export function upgradeWith(listeners: string): string {
  return `const [client, server] = Object.values(new WebSocketPair()); server.accept(); ${listeners}
    return new Response(null, { status: 101, webSocket: client });`;
}

export const ECHO = upgradeWith('server.addEventListener("message", (event) => server.send(event.data));');

/** A connection as a router has it: what it was answered, and what came. */
export class RouterSocket implements StreamListener {
  stream: LinkStream | null = null;
  head: ResponseHead | null = null;
  error: WireError | null = null;
  /** Of a plain answer. */
  body = Buffer.alloc(0);
  readonly messages: (string | Buffer)[] = [];
  close: SocketClose | null = null;
  isEnded = false;
  /** Credit goes back as messages come; false: it is kept. */
  isTaking = true;
  receivedBytes = 0;
  readonly answered: Promise<void>;
  readonly done: Promise<void>;
  #answer: () => void = () => undefined;
  #finish: () => void = () => undefined;
  readonly #waiters: (() => void)[] = [];
  #parts: Buffer[] = [];
  #kind = 0;
  readonly #reader = new SocketMessageReader({
    onBegin: (kind) => {
      this.#kind = kind;
      return true;
    },
    onPart: (part, isLast) => {
      this.#parts.push(part);
      if (isLast) this.#take();
    },
  });

  constructor() {
    this.answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Waits for so many messages. */
  async heard(count: number): Promise<(string | Buffer)[]> {
    while (this.messages.length < count && !this.isEnded) await new Promise<void>((r) => this.#waiters.push(r));
    return this.messages;
  }

  send(data: string | Buffer): boolean {
    const kind = typeof data === "string" ? SocketMessageKind.TEXT : SocketMessageKind.BINARY;
    return this.stream?.write(encodeSocketMessage(kind, Buffer.from(data as string))) ?? false;
  }

  /** The closing handshake is over: the router's last word. */
  closed(code = 1000, reason = "", isClean = true): void {
    this.stream?.end(encodeSocketClose(SocketMessageKind.CLOSED, { code, reason, isClean }));
  }

  onHead(payload: Buffer): void {
    this.head = decodeResponseHead(payload);
    this.#answer();
  }
  onData(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    if (this.isTaking) this.stream?.grant(chunk.length);
    if (this.head?.status === 101) this.#reader.push(Buffer.from(chunk));
    else this.body = Buffer.concat([this.body, chunk]);
  }
  onEnd(): void {
    this.isEnded = true;
    this.#wake();
    this.#finish();
  }
  onReset(error: WireError): void {
    this.error = error;
    this.isEnded = true;
    this.#answer();
    this.#wake();
    this.#finish();
  }
  onDrain(): void {}

  #take(): void {
    const payload = Buffer.concat(this.#parts);
    this.#parts = [];
    if (this.#kind === SocketMessageKind.CLOSE) this.close = decodeSocketClose(payload);
    else this.messages.push(this.#kind === SocketMessageKind.TEXT ? payload.toString() : payload);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

export interface ServeSocketOptions {
  readonly app?: string;
  readonly manifest?: ManifestInput;
  readonly limits?: Partial<AppLimits>;
  readonly socketLimits?: Partial<WebSocketLimits>;
  readonly versionId?: VersionId;
  readonly parts?: Partial<SocketLaneParts>;
}

export async function openSocketWorker(options: { limitCount?: number } = {}) {
  const directory = temporaryDirectory();
  const recorderFd = openSync(join(directory, "recorder"), "w+");
  const recorder = new FlightRecorder(recorderFd);
  const versions = new VersionTable({ need: () => undefined });
  const links = new RouterLinks({ workerId: "w1", credential: CREDENTIAL, versions, maxStreamCount: 7_000 });
  const turns = new Turns();
  const counters = new WorkerCounters();
  const sources = new SliverSources(engineFingerprint());
  const live = new LiveSockets({ limitCount: options.limitCount ?? 1_000 });
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
  const lanes: SocketLane[] = [];
  onTestFinished(async () => {
    for (const link of routerLinks) link.close();
    server.close();
    await Promise.all(lanes.map((lane) => new Promise<void>((resolve) => lane.retire(resolve))));
    // The recorder writes once more when the turn ends.
    await new Promise((resolve) => setTimeout(resolve, 5));
    closeSync(recorderFd);
  });
  const openSource = (path: string) => sources.open(path, { onFall: (fall) => falls.push(fall) });
  return {
    directory,
    recorderFd,
    recorder,
    versions,
    live,
    turns,
    counters,
    sources,
    logs,
    falls,
    host,
    openSource,
    /** Serves a script from now on. */
    serve(script: string, given: ServeSocketOptions = {}): SocketLane {
      const versionId = given.versionId ?? nextVersionId();
      const resolved = resolveManifest(given.manifest ?? { websocket: { thread: "shared" } });
      const websocket = { ...(resolved.websocket as WebSocketLimits), ...given.socketLimits };
      const sliverPath = writeSliverEntry({ script }, directory);
      const assignment = {
        versionId,
        app: (given.app ?? "subject") as AppName,
        manifest: { ...resolved, websocket, limits: { ...resolved.limits, ...ROOMY, ...given.limits } },
        sliverPath,
        assetsPath: null,
      };
      const source = openSource(sliverPath);
      const lane = new SocketLane(assignment, {
        turns,
        recorder,
        counters,
        host,
        source,
        live,
        threads: null,
        ...given.parts,
      });
      lanes.push(lane);
      versions.add(versionId, new VersionServer(assignment, lane, { assets: null }));
      return lane;
    },
    /** A link of a router. */
    async dial(peer = "router-1"): Promise<Link> {
      const dialed = await dialLink({ address, credential: CREDENTIAL, peer, limits: { maxStreamCount: 7_000 } });
      if (dialed.type === "ended") throw new Error(dialed.outcome.error.message);
      routerLinks.push(dialed.link);
      return dialed.link;
    },
  };
}

export type OpenedSocketWorker = Awaited<ReturnType<typeof openSocketWorker>>;

let requestCount = 0;

/** Asks for an upgrade; answers once there is an answer. */
export async function connect(link: Link, lane: SocketLane, path = "/"): Promise<RouterSocket> {
  const heard = startConnecting(link, lane, path);
  await heard.answered;
  return heard;
}

export function startConnecting(link: Link, lane: SocketLane, path = "/"): RouterSocket {
  requestCount += 1;
  const heard = new RouterSocket();
  const head = encodeRequestHead({
    requestId: `r${requestCount}` as RequestId,
    versionId: lane.assignment.versionId,
    method: "GET",
    url: `http://subject.test${path}`,
    headers: encodeHeaderBlock(["host", "subject.test", "upgrade", "websocket"]),
  });
  const stream = link.openStream(head, heard, { isEnd: false });
  if (stream === null) throw new Error("the link takes no stream");
  heard.stream = stream;
  return heard;
}
