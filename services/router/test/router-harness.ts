/** A real router over a fake store, with fake workers, and a plain HTTP client. */
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
  metric(name: string, labels?: Record<string, string>): Promise<number>;
}

type Overrides = { [G in "listen" | "request" | "upstream"]?: Partial<RouterConfig[G]> };

export async function startTestRouter(records: StoreRecord[], overrides: Overrides = {}): Promise<TestRouter> {
  const store = new FakeStore();
  if (records.length > 0) store.put(...records);
  const node = await startFakeNode();
  const metrics = new Metrics("router");
  const { value: config } = loadConfig(routerConfig, {
    explicit: {
      listen: { port: 0, ...overrides.listen },
      controlStore: { socketPath: "/not/used" },
      request: { noWorkerWaitMs: 1_000, ...overrides.request },
      upstream: { minRedialDelayMs: 1, maxRedialDelayMs: 20, ...overrides.upstream },
    },
    env: {},
  });
  const router = await startRouter({
    config,
    store: store.asControlStore(),
    logger: createSilentLogger(),
    metrics,
    onFailure: (error) => {
      throw error;
    },
  });
  await router.whenLoaded();
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
