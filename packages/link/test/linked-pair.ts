/** Two ends of one link over a real socket, and listeners that remember what they heard. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WireError } from "@nano/protocol/errors";
import { onTestFinished } from "vitest";
import { type AcceptLinkOptions, acceptLink } from "../src/accept-link.ts";
import { dialLink } from "../src/dial-link.ts";
import type { LinkLimits } from "../src/limits.ts";
import type { Link } from "../src/link.ts";
import type { LinkOutcome } from "../src/link-outcome.ts";
import type { LinkStream, StreamListener } from "../src/link-stream.ts";

export const CREDENTIAL = "a credential of the tests";

/** A stream listener that keeps everything; grants credit at once unless told not to. */
export class RecordingListener implements StreamListener {
  stream: LinkStream | null = null;
  readonly heads: string[] = [];
  readonly chunks: Buffer[] = [];
  receivedBytes = 0;
  endCount = 0;
  drainCount = 0;
  readonly resets: WireError[] = [];
  isGranting = true;
  #waiting: { ready: () => boolean; resolve: () => void }[] = [];

  onHead(payload: Buffer): void {
    this.heads.push(payload.toString());
    this.#wake();
  }
  onData(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.receivedBytes += chunk.length;
    if (this.isGranting) this.stream?.grant(chunk.length);
    this.#wake();
  }
  onEnd(): void {
    this.endCount += 1;
    this.#wake();
  }
  onReset(error: WireError): void {
    this.resets.push(error);
    this.#wake();
  }
  onDrain(): void {
    this.drainCount += 1;
    this.#wake();
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  /** Resolves when `ready` holds; looked at after each event. */
  until(ready: (heard: RecordingListener) => boolean): Promise<void> {
    if (ready(this)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ ready: () => ready(this), resolve }));
  }

  #wake(): void {
    this.#waiting = this.#waiting.filter(({ ready, resolve }) => {
      if (!ready()) return true;
      resolve();
      return false;
    });
  }
}

export interface Acceptor {
  readonly address: string;
  readonly streams: { stream: LinkStream; head: string; listener: RecordingListener }[];
  readonly outcomes: LinkOutcome[];
  readonly server: Server;
  /** The acceptor's ends, in order of connection. */
  readonly links: Link[];
  readonly sockets: Socket[];
  nextStream(): Promise<{ stream: LinkStream; head: string; listener: RecordingListener }>;
  nextOutcome(): Promise<LinkOutcome>;
}

/** Listens on a Unix socket of its own and accepts links until the test is finished. */
export async function startAcceptor(
  options: Partial<AcceptLinkOptions> & {
    onRequest?(stream: LinkStream, head: string, listener: RecordingListener, isEnd: boolean): void;
  } = {},
): Promise<Acceptor> {
  const folder = mkdtempSync(join(tmpdir(), "nano-link-"));
  const address = join(folder, "s");
  const streams: Acceptor["streams"] = [];
  const outcomes: LinkOutcome[] = [];
  const links: Link[] = [];
  const sockets: Socket[] = [];
  const streamWaiters: ((value: Acceptor["streams"][number]) => void)[] = [];
  const outcomeWaiters: ((value: LinkOutcome) => void)[] = [];
  let takenStreamCount = 0;
  let takenOutcomeCount = 0;
  const server = createServer((socket) => {
    sockets.push(socket);
    const link = acceptLink(socket, {
      peer: "acceptor",
      verifyHello: (hello) => hello.credential === CREDENTIAL,
      onStream: (stream, payload, isEnd) => {
        const listener = new RecordingListener();
        listener.stream = stream;
        const entry = { stream, head: payload.toString(), listener };
        const waiter = streamWaiters.shift();
        streams.push(entry);
        if (waiter !== undefined) {
          takenStreamCount += 1;
          waiter(entry);
        }
        options.onRequest?.(stream, entry.head, listener, isEnd);
        return listener;
      },
      ...options,
      onClose: (outcome) => {
        outcomes.push(outcome);
        const waiter = outcomeWaiters.shift();
        if (waiter !== undefined) {
          takenOutcomeCount += 1;
          waiter(outcome);
        }
      },
    });
    links.push(link);
  });
  await new Promise<void>((resolve) => server.listen(address, resolve));
  onTestFinished(() => {
    for (const link of links) link.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    address,
    streams,
    outcomes,
    server,
    links,
    sockets,
    nextStream: () =>
      new Promise((resolve) => {
        const entry = streams[takenStreamCount];
        if (entry === undefined) streamWaiters.push(resolve);
        else {
          takenStreamCount += 1;
          resolve(entry);
        }
      }),
    nextOutcome: () =>
      new Promise((resolve) => {
        const outcome = outcomes[takenOutcomeCount];
        if (outcome === undefined) outcomeWaiters.push(resolve);
        else {
          takenOutcomeCount += 1;
          resolve(outcome);
        }
      }),
  };
}

/** Dials an acceptor; the link is closed when the test is finished. */
export async function openTestLink(
  address: string,
  options: {
    limits?: Partial<LinkLimits>;
    isPrompt?: boolean;
    onClose?(outcome: LinkOutcome): void;
    onDraining?(): void;
  } = {},
): Promise<Link> {
  const result = await dialLink({ address, credential: CREDENTIAL, peer: "initiator", ...options });
  if (result.type === "ended") throw new Error(`no link: ${result.outcome.error.message}`);
  onTestFinished(() => result.link.close());
  return result.link;
}

/** Opens a stream whose listener is a `RecordingListener`. */
export function openTestStream(
  link: Link,
  head: string,
  isEnd = false,
): { stream: LinkStream; heard: RecordingListener } {
  const heard = new RecordingListener();
  const stream = link.openStream(Buffer.from(head), heard, { isEnd });
  if (stream === null) throw new Error("the link takes no stream");
  heard.stream = stream;
  return { stream, heard };
}
