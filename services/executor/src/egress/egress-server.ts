/**
 * Serves workers' links on a Unix socket: each stream of a link is one fetch.
 *
 * I1 A link opens only with the credential of a worker that the supervisor admitted, and ends when it is dismissed.
 * I2 A link that ends cancels its fetches.
 */
import { lookup } from "node:dns/promises";
import { createServer, type Server, type Socket } from "node:net";
import { acceptLink } from "@nano/link/accept-link";
import { isSameCredential } from "@nano/link/credential";
import type { Link } from "@nano/link/link";
import { isNanoError } from "@nano/protocol/errors";
import { listenOn } from "@nano/service-kit/listen";
import { WebSocketRelays } from "@nano/socket-relay/websocket-relays";
import { buildConnector } from "undici";
import { createAddressGuard } from "./address-guard.ts";
import { AppAgents } from "./app-agents.ts";
import type { EgressConfig } from "./egress-config.ts";
import { EgressCounters, type EgressCounts } from "./egress-counters.ts";
import type { EgressReport } from "./egress-messages.ts";
import { egressErrors } from "./errors.ts";
import { FetchSlots } from "./fetch-slots.ts";
import { openFetchStream } from "./fetch-stream.ts";
import type { CreateConnector, ResolveName } from "./guarded-connector.ts";
import type { FetchContext } from "./outbound-fetch.ts";

/** Connections that have not said who they are, of which there should be none but a worker's for a moment. */
const MAX_GREETING_COUNT = 64;
/** How often WebSockets are looked at: for idle ones, and for what they hold. */
const SWEEP_INTERVAL_MS = 1_000;
/** Fetches and WebSockets of one worker at once, waiting ones included. */
const MAX_STREAMS_PER_WORKER = 2048;

export interface EgressServerOptions {
  readonly config: EgressConfig;
  readonly report: (report: Extract<EgressReport, { type: "log" }>) => void;
  /** @default the system's resolver */
  readonly resolveName?: ResolveName;
  /** @default undici's */
  readonly createConnector?: CreateConnector;
  /** @default SWEEP_INTERVAL_MS */
  readonly sweepIntervalMs?: number;
}

export class EgressServer {
  readonly #options: EgressServerOptions;
  readonly #context: FetchContext;
  readonly #server: Server;
  /** Credential by worker. */
  readonly #credentials = new Map<string, string>();
  /** Open links with the worker that each belongs to. */
  readonly #links = new Map<Link, string>();
  #greetingCount = 0;
  #onUnused: (() => void) | null = null;

  constructor(options: EgressServerOptions) {
    this.#options = options;
    const { config } = options;
    const counters = new EgressCounters();
    const connector = {
      guard: createAddressGuard(config.allowedRanges),
      resolveName: options.resolveName ?? resolveBySystem,
      createConnector: options.createConnector ?? buildConnector,
      connectTimeoutMs: config.connectTimeoutMs,
    };
    const agents = new AppAgents(config, connector, () => {
      counters.connections += 1;
    });
    const { queuedPerAppCount, queueTimeoutMs } = config;
    const queue = { queuedPerAppCount, queueTimeoutMs };
    this.#context = {
      config,
      counters,
      agents,
      slots: new FetchSlots({
        ...queue,
        perAppCount: config.connectionsPerAppCount,
        totalCount: config.connectionsCount,
        fullError: egressErrors.TOO_BUSY,
      }),
      // Who waits for one to end may wait for long: none do.
      socketSlots: new FetchSlots({
        ...queue,
        queuedPerAppCount: 0,
        perAppCount: config.socketsPerAppCount,
        totalCount: config.socketsCount,
        fullError: egressErrors.SOCKETS_FULL,
      }),
      relays: new WebSocketRelays({
        bufferBytes: config.socketBufferBytes,
        sweepIntervalMs: options.sweepIntervalMs ?? SWEEP_INTERVAL_MS,
        closedError: (why) => egressErrors.SOCKET_CLOSED({ why }).wire,
        metrics: {
          closed: () => undefined,
          moved: (direction, messageCount, bytes) => counters.moved(direction, messageCount, bytes),
        },
      }),
    };
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get counts(): EgressCounts {
    const { counters, slots, agents, relays } = this.#context;
    return counters.read({
      runningCount: slots.runningCount,
      waitingCount: slots.waitingCount,
      socketCount: agents.socketCount,
      linkCount: this.#links.size,
      webSocketCount: relays.connectionCount,
      webSocketHeldBytes: relays.heldBytes,
    });
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

  /** Takes no further fetches and resolves when the running ones have ended. */
  async drain(): Promise<void> {
    this.#server.close();
    for (const link of this.#links.keys()) link.goaway();
    await this.#context.relays.closeAll(0, AbortSignal.timeout(0));
    if (this.#links.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onUnused = resolve;
    });
  }

  /** Cuts everything. */
  async close(): Promise<void> {
    this.#server.close();
    for (const link of this.#links.keys()) link.close();
    this.#context.relays.destroyAll();
    await this.#context.agents.destroy();
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
      peer: "egress",
      limits: { maxStreamCount: MAX_STREAMS_PER_WORKER },
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
          return openFetchStream(stream, headPayload, { isEnd, context: this.#context });
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
        const fields = { worker, outcome: outcome.type, code: outcome.error.code, cause: outcome.error.message };
        this.#options.report({ type: "log", level: "warn", msg: "link of a worker ended badly", fields });
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

/** As every other program of the machine resolves, search domains and hosts file included. */
async function resolveBySystem(hostname: string) {
  return await lookup(hostname, { all: true });
}
