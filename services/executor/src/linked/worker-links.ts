/**
 * Serves links of this executor's workers on a Unix socket, in a process beside them.
 *
 * I1 A link opens only with the credential of a worker that the supervisor admitted, and ends when it is dismissed.
 */
import { createServer, type Server, type Socket } from "node:net";
import { acceptLink } from "@nano/link/accept-link";
import { isSameCredential } from "@nano/link/credential";
import type { Link } from "@nano/link/link";
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { isNanoError } from "@nano/protocol/errors";
import { listenOn } from "@nano/service-kit/listen";

/** Connections that have not said who they are, of which there should be none but a worker's for a moment. */
const MAX_GREETING_COUNT = 64;

export interface WorkerLinksOptions {
  /** Who answers, for logs. */
  readonly peer: string;
  /** Streams of one worker at once. */
  readonly maxStreamCount: number;
  /** Serves one stream. @throws a NanoError that it is reset with */
  openStream(stream: LinkStream, headPayload: Buffer, isEnd: boolean): StreamListener;
  /** A link ended otherwise than by closing. */
  onBadEnd(fields: Readonly<Record<string, unknown>>): void;
}

export class WorkerLinks {
  readonly #options: WorkerLinksOptions;
  readonly #server: Server;
  /** Credential by worker. */
  readonly #credentials = new Map<string, string>();
  /** Open links with the worker that each belongs to. */
  readonly #links = new Map<Link, string>();
  #greetingCount = 0;
  #onUnused: (() => void) | null = null;

  constructor(options: WorkerLinksOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get count(): number {
    return this.#links.size;
  }

  /** @throws KIT_ADDRESS_IN_USE, KIT_LISTEN_FAILED */
  async listen(socketPath: string): Promise<void> {
    await listenOn(this.#server, socketPath);
  }

  admit(worker: string, credential: string): void {
    this.#credentials.set(worker, credential);
  }

  dismiss(worker: string): void {
    this.#credentials.delete(worker);
    for (const [link, owner] of this.#links) {
      if (owner === worker) link.close();
    }
  }

  /** Takes no further links and streams. */
  refuse(): void {
    this.#server.close();
    for (const link of this.#links.keys()) link.goaway();
  }

  /** Resolves when no link is left. */
  async whenUnused(): Promise<void> {
    if (this.#links.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onUnused = resolve;
    });
  }

  /** Cuts them. */
  close(): void {
    this.#server.close();
    for (const link of this.#links.keys()) link.close();
  }

  #accept(socket: Socket): void {
    if (this.#greetingCount >= MAX_GREETING_COUNT) {
      socket.destroy();
      return;
    }
    this.#greetingCount += 1;
    let isGreeting = true;
    let worker = "";
    const endGreeting = () => {
      if (isGreeting) this.#greetingCount -= 1;
      isGreeting = false;
    };
    acceptLink(socket, {
      peer: this.#options.peer,
      limits: { maxStreamCount: this.#options.maxStreamCount },
      verifyHello: (hello) => {
        worker = this.#workerOf(hello.credential);
        return worker !== "";
      },
      onOpen: (link) => {
        endGreeting();
        this.#links.set(link, worker);
      },
      onStream: (stream, headPayload, isEnd) => {
        try {
          return this.#options.openStream(stream, headPayload, isEnd);
        } catch (error) {
          if (!isNanoError(error)) throw error;
          stream.reset(error.wire);
          return DEAF;
        }
      },
      onClose: (outcome, link) => {
        endGreeting();
        this.#links.delete(link);
        if (this.#links.size === 0) this.#onUnused?.();
        if (outcome.type === "closed" || outcome.type === "peer-closed") return;
        const { code, message: cause } = outcome.error;
        this.#options.onBadEnd({ worker, outcome: outcome.type, code, cause });
      },
    });
  }

  /** The worker that a credential was minted for, or an empty text. Looks at all, so that time tells nothing. */
  #workerOf(credential: string): string {
    let found = "";
    for (const [worker, expected] of this.#credentials) {
      if (isSameCredential(expected, credential)) found = worker;
    }
    return found;
  }
}

/** Hears the rest of a stream that was refused. */
const DEAF = {
  onHead: () => undefined,
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
  onDrain: () => undefined,
};
