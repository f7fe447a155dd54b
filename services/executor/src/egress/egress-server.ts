/**
 * Serves workers' links on a Unix socket: each stream of a link is one fetch.
 *
 * I1 A link opens as `WorkerLinks` has it.
 * I2 A link that ends cancels its fetches.
 */
import { lookup } from "node:dns/promises";
import { WebSocketRelays } from "@nano/socket-relay/websocket-relays";
import { buildConnector } from "undici";
import type { LinkedLog } from "../linked/linked-messages.ts";
import { Slots } from "../linked/slots.ts";
import { WorkerLinks } from "../linked/worker-links.ts";
import { createAddressGuard } from "./address-guard.ts";
import { AppAgents } from "./app-agents.ts";
import type { EgressConfig } from "./egress-config.ts";
import { EgressCounters, type EgressCounts } from "./egress-counters.ts";
import { egressErrors } from "./errors.ts";
import { openFetchStream } from "./fetch-stream.ts";
import type { CreateConnector, ResolveName } from "./guarded-connector.ts";
import type { FetchContext } from "./outbound-fetch.ts";
import { RefusalLog } from "./refusal-log.ts";

/** How often WebSockets are looked at: for idle ones, and for what they hold. */
const SWEEP_INTERVAL_MS = 1_000;
/** Fetches and WebSockets of one worker at once, waiting ones included. */
const MAX_STREAMS_PER_WORKER = 2048;

export interface EgressServerOptions {
  readonly config: EgressConfig;
  readonly report: (report: LinkedLog) => void;
  /** @default the system's resolver */
  readonly resolveName?: ResolveName;
  /** @default undici's */
  readonly createConnector?: CreateConnector;
  /** @default SWEEP_INTERVAL_MS */
  readonly sweepIntervalMs?: number;
}

export class EgressServer {
  readonly #context: FetchContext;
  readonly links: WorkerLinks;

  constructor(options: EgressServerOptions) {
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
      refusals: new RefusalLog(options.report),
      slots: new Slots({
        ...queue,
        perAppCount: config.connectionsPerAppCount,
        totalCount: config.connectionsCount,
        fullError: egressErrors.TOO_BUSY,
      }),
      // Who waits for one to end may wait for long: none do.
      socketSlots: new Slots({
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
    this.links = new WorkerLinks({
      peer: "egress",
      maxStreamCount: MAX_STREAMS_PER_WORKER,
      openStream: (stream, headPayload, isEnd) =>
        openFetchStream(stream, headPayload, { isEnd, context: this.#context }),
      onBadEnd: (fields) => options.report({ type: "log", level: "warn", msg: "link of a worker ended badly", fields }),
    });
  }

  get counts(): EgressCounts {
    const { counters, slots, agents, relays } = this.#context;
    return counters.read({
      runningCount: slots.runningCount,
      waitingCount: slots.waitingCount,
      socketCount: agents.socketCount,
      linkCount: this.links.count,
      webSocketCount: relays.connectionCount,
      webSocketHeldBytes: relays.heldBytes,
    });
  }

  /** Takes no further fetches and resolves when the running ones have ended. */
  async drain(): Promise<void> {
    this.links.refuse();
    await this.#context.relays.closeAll(0, AbortSignal.timeout(0));
    await this.links.whenUnused();
  }

  /** Cuts everything. */
  async close(): Promise<void> {
    this.links.close();
    this.#context.relays.destroyAll();
    await this.#context.agents.destroy();
  }
}

/** As every other program of the machine resolves, search domains and hosts file included. */
async function resolveBySystem(hostname: string) {
  return await lookup(hostname, { all: true });
}
