/** A real router over a fake store, with fake workers, and a plain HTTP client. */
import { once } from "node:events";
import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect } from "node:net";
import type { StoreRecord } from "@nano/protocol/records";
import { loadConfig } from "@nano/service-kit/config";
import { createSilentLogger } from "@nano/service-kit/logger";
import { Metrics } from "@nano/service-kit/metrics";
import { eventually } from "@nano/test-kit/eventually";
import { onTestFinished } from "vitest";
import { type RouterConfig, routerConfig } from "../src/config.ts";
import { type RunningRouter, startRouter } from "../src/start-router.ts";
import { FakeStore, nodeRecord } from "./fake-store.ts";
import { type FakeNode, type FakeWorker, startFakeNode } from "./fake-worker.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: string[];
  readonly body: Buffer;
  readonly text: string;
}

/** A client on a bare socket. */
export interface Conversation {
  readonly received: string;
  send(bytes: string | Buffer): void;
  /** Ends the connection without a word. */
  reset(): void;
  /** Resolves with all that came, once it contains `text`. @throws when the connection ends before */
  until(text: string): Promise<string>;
  /** Resolves with all that came, when the router has ended the connection. */
  ended(): Promise<string>;
}

export async function openConversation(port: number): Promise<Conversation> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  let isEnded = false;
  let wake = Promise.withResolvers<void>();
  const note = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    received += text;
    note();
  });
  socket.on("error", () => {}); // `close` follows
  socket.on("close", () => {
    isEnded = true;
    note();
  });
  await once(socket, "connect");
  onTestFinished(() => {
    socket.destroy();
  });
  return {
    get received() {
      return received;
    },
    send: (bytes) => void socket.write(bytes),
    reset: () => void socket.resetAndDestroy(),
    async until(text) {
      while (!received.includes(text)) {
        if (isEnded) throw new Error(`It ended before ${JSON.stringify(text)}: ${JSON.stringify(received)}`);
        await wake.promise;
      }
      return received;
    },
    async ended() {
      while (!isEnded) await wake.promise;
      return received;
    },
  };
}

export interface TestRouter {
  readonly router: RunningRouter;
  readonly store: FakeStore;
  readonly node: FakeNode;
  readonly metrics: Metrics;
  readonly port: number;
  /** Puts the node's record with these workers, and waits until the router has links to all of them. */
  useWorkers(...workers: FakeWorker[]): Promise<void>;
  fetch(path: string, options?: RequestOptions & { body?: string | Buffer; host?: string }): Promise<Answer>;
  /** Sends bytes as they are and gives everything that comes back until the connection ends. */
  raw(bytes: string | Buffer): Promise<string>;
  /** A connection that sends and reads step by step. */
  talk(): Promise<Conversation>;
  metric(name: string, labels?: Record<string, string>): Promise<number>;
}

type Overrides = {
  [G in "listen" | "tls" | "drain" | "shutdown" | "routes" | "request" | "websocket" | "upstream"]?: Partial<
    RouterConfig[G]
  >;
};

/** @param options `store`: one that may be away, and is not waited for */
export async function startTestRouter(
  records: StoreRecord[],
  overrides: Overrides = {},
  options: { store?: FakeStore; furtherCells?: Record<string, FakeStore>; now?: () => number } = {},
): Promise<TestRouter> {
  const store = options.store ?? new FakeStore();
  if (records.length > 0) store.put(...records);
  const node = await startFakeNode();
  const metrics = new Metrics("router");
  const { value: config } = loadConfig(routerConfig, {
    explicit: {
      listen: { port: 0, ...overrides.listen },
      tls: { ...overrides.tls },
      drain: { noticeMs: 0, ...overrides.drain },
      shutdown: { ...overrides.shutdown },
      routes: { ...overrides.routes },
      controlStore: { socketPath: "/not/used" },
      request: { noWorkerWaitMs: 1_000, ...overrides.request },
      websocket: { closeTimeoutMs: 500, drainSpreadMs: 100, ...overrides.websocket },
      upstream: { minRedialDelayMs: 1, maxRedialDelayMs: 20, ...overrides.upstream },
    },
    env: {},
  });
  const router = await startRouter({
    config,
    cells: [
      { name: "default", store: store.asControlStore() },
      ...Object.entries(options.furtherCells ?? {}).map(([name, cell]) => ({ name, store: cell.asControlStore() })),
    ],
    logger: createSilentLogger(),
    ...(options.now === undefined ? {} : { now: options.now }),
    metrics,
    onFailure: (error) => {
      throw error;
    },
  });
  if (options.store === undefined) await router.whenLoaded();
  const agent = new Agent({ keepAlive: true });
  onTestFinished(async () => {
    agent.destroy();
    await router.close(AbortSignal.timeout(50));
  });
  const port = Number(router.address.slice(router.address.lastIndexOf(":") + 1));

  const metric = async (name: string, labels: Record<string, string> = {}): Promise<number> => {
    const values = (await metrics.registry.getSingleMetric(name)?.get())?.values ?? [];
    return values
      .filter((value) => Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted))
      .reduce((sum, { value }) => sum + value, 0);
  };

  return {
    router,
    store,
    node,
    metrics,
    port,
    metric,
    async useWorkers(...workers) {
      store.put(nodeRecord(workers, { supervisor: node.supervisor }));
      await eventually(async () => (await metric("router_links_count")) >= workers.length);
    },
    fetch(path, options = {}) {
      const { body, host = "app.example", headers, ...rest } = options;
      return new Promise((resolve, reject) => {
        const req = request({ agent, port, host: "127.0.0.1", path, headers: { host, ...headers }, ...rest }, (res) => {
          const chunks: Buffer[] = [];
          res.on("data", (chunk: Buffer) => chunks.push(chunk));
          res.on("error", reject);
          res.on("end", () => {
            const whole = Buffer.concat(chunks);
            const { statusCode: status = 0, headers: received, rawHeaders } = res;
            resolve({ status, headers: received, rawHeaders, body: whole, text: whole.toString() });
          });
        });
        req.on("error", reject);
        req.end(body);
      });
    },
    talk: () => openConversation(port),
    raw(bytes) {
      return new Promise((resolve, reject) => {
        const socket = connect(port, "127.0.0.1");
        let received = "";
        socket.setEncoding("latin1");
        socket.on("data", (text: string) => {
          received += text;
        });
        socket.on("error", reject);
        socket.on("close", () => resolve(received));
        socket.write(bytes);
      });
    },
  };
}
