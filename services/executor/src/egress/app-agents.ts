/**
 * Connections by app: each app has a pool of its own, so that no app rides on another's connection or TLS session.
 *
 * I1 An app has an entry only while it has a fetch or a socket; so there are no more entries than sockets and fetches.
 * I2 Sockets of pools stay within the caps: a fetch that finds them reached first closes what is idle.
 */
import type { Socket } from "node:net";
import { Agent, type buildConnector } from "undici";
import { boundResolver } from "./bounded-resolver.ts";
import type { EgressConfig } from "./egress-config.ts";
import { createGuardedConnector, type GuardedConnectorOptions, type ResolveName } from "./guarded-connector.ts";

type AgentLimits = Pick<
  EgressConfig,
  "connectionsPerAppCount" | "connectionsCount" | "keepAliveMs" | "headerBytes" | "headersTimeoutMs"
>;

/** A pool in use by one fetch. `agent` may be another one at each look. */
export interface AgentLease extends Disposable {
  readonly agent: Agent;
  /** A connection outside of the pool, for a WebSocket. Rejects as a fetch of the same URL does. */
  connect(url: URL): Promise<Socket>;
}

/** One app's pool; its agent is replaced to be rid of idle connections. */
class AppEntry {
  readonly #createAgent: (entry: AppEntry) => Agent;
  readonly resolveName: ResolveName;
  readonly #createConnector: (entry: AppEntry) => buildConnector.connector;
  #connector: buildConnector.connector | null = null;
  agent: Agent;
  fetchCount = 0;
  /** Of the pool. */
  socketCount = 0;

  constructor(
    resolveName: ResolveName,
    createAgent: (entry: AppEntry) => Agent,
    createConnector: (entry: AppEntry) => buildConnector.connector,
  ) {
    this.resolveName = boundResolver(resolveName);
    this.#createAgent = createAgent;
    this.#createConnector = createConnector;
    this.agent = createAgent(this);
  }

  connect({ hostname, host, protocol, port }: URL): Promise<Socket> {
    this.#connector ??= this.#createConnector(this);
    const connect = this.#connector;
    // As undici calls it: an address of IPv6 without brackets.
    const target = { hostname: hostname.replace(/^\[|\]$/g, ""), host, protocol, port };
    return new Promise((resolve, reject) => {
      connect(target, (...[error, socket]) => {
        if (error === null) resolve(socket);
        else reject(error);
      });
    });
  }

  /** `close` lets running fetches end and closes idle connections; further fetches go to the new agent. */
  closeIdle(): void {
    if (this.socketCount <= this.fetchCount) return;
    const retired = this.agent;
    this.agent = this.#createAgent(this);
    closeAgent(retired);
  }
}

export class AppAgents {
  readonly #limits: AgentLimits;
  readonly #connector: Omit<GuardedConnectorOptions, "onSocket">;
  readonly #onConnected: () => void;
  readonly #entries = new Map<string, AppEntry>();
  #socketCount = 0;

  /** @param onConnected called for every connection made */
  constructor(limits: AgentLimits, connector: Omit<GuardedConnectorOptions, "onSocket">, onConnected: () => void) {
    this.#limits = limits;
    this.#connector = connector;
    this.#onConnected = onConnected;
  }

  get socketCount(): number {
    return this.#socketCount;
  }

  get appCount(): number {
    return this.#entries.size;
  }

  lease(app: string): AgentLease {
    const entry = this.#entryOf(app);
    if (entry.socketCount >= this.#limits.connectionsPerAppCount) entry.closeIdle();
    if (this.#socketCount >= this.#limits.connectionsCount) {
      for (const each of this.#entries.values()) each.closeIdle();
    }
    entry.fetchCount += 1;
    let isHeld = true;
    return {
      get agent() {
        return entry.agent;
      },
      connect: (url) => entry.connect(url),
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.fetchCount -= 1;
        this.#forgetUnused(app, entry);
      },
    };
  }

  /** Cuts every connection. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry.agent.destroy()));
    this.#entries.clear();
  }

  #entryOf(app: string): AppEntry {
    const known = this.#entries.get(app);
    if (known !== undefined) return known;
    const entry = new AppEntry(
      this.#connector.resolveName,
      (owner) => this.#createAgent(app, owner),
      ({ resolveName }) =>
        createGuardedConnector({ ...this.#connector, resolveName, onSocket: () => this.#onConnected() }),
    );
    this.#entries.set(app, entry);
    return entry;
  }

  #createAgent(app: string, entry: AppEntry): Agent {
    const onSocket = (socket: Socket) => {
      entry.socketCount += 1;
      this.#socketCount += 1;
      this.#onConnected();
      socket.once("close", () => {
        entry.socketCount -= 1;
        this.#socketCount -= 1;
        this.#forgetUnused(app, entry);
      });
    };
    return new Agent({
      connect: createGuardedConnector({ ...this.#connector, resolveName: entry.resolveName, onSocket }),
      pipelining: 1,
      keepAliveTimeout: this.#limits.keepAliveMs,
      keepAliveMaxTimeout: this.#limits.keepAliveMs,
      maxHeaderSize: this.#limits.headerBytes,
      headersTimeout: this.#limits.headersTimeoutMs,
      // Idleness is watched by the fetch itself, which also knows when the reader is the slow side.
      bodyTimeout: 0,
    });
  }

  #forgetUnused(app: string, entry: AppEntry): void {
    if (entry.fetchCount > 0 || entry.socketCount > 0 || this.#entries.get(app) !== entry) return;
    this.#entries.delete(app);
    closeAgent(entry.agent);
  }
}

function closeAgent(agent: Agent): void {
  // Rejects only where it was closed or destroyed before: then there is nothing left to do.
  agent.close().catch(() => undefined);
}
