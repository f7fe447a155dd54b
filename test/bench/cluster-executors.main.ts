/** The process of simulated executors: see `cluster-executors.ts`. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { ControlStore } from "@nano/control-store/control-store";
import { openControlStore } from "@nano/control-store/open-control-store";
import { NodeRegistration } from "@nano/executor/control/node-registration";
import { WorkerLoad } from "@nano/executor/control/worker-load";
import type { NodeId, WorkerId } from "@nano/protocol/brands";
import type { FeedPosition, NodeRecord } from "@nano/protocol/records";
import { createSilentLogger } from "@nano/service-kit/logger";
import { eventually } from "@nano/test-kit/eventually";
import { serveCommands } from "./bench-child.ts";
import type { ExecutorsCommands, ExecutorsJob } from "./cluster-executors.ts";
import { ENGINE } from "./cluster-records.ts";
import { SimulatedWorker } from "./cluster-worker.ts";

/** As often as a worker tells its supervisor. */
const REPORT_INTERVAL_MS = 500;
const LOAD_TENTHS = 11;
/** As `NodeRegistration` has it. */
const RENEWALS_PER_LEASE = 3;

class SimulatedNode {
  readonly id: NodeId;
  readonly #job: ExecutorsJob;
  readonly #store: ControlStore;
  readonly #workers: readonly SimulatedWorker[];
  readonly #watching = new AbortController();
  readonly #supervisor = { address: "127.0.0.1:1", credential: randomBytes(32).toString("hex") };
  readonly #load: WorkerLoad;
  readonly #reporting: NodeJS.Timeout;
  #registration: NodeRegistration | null = null;
  #isDraining = false;
  #describedCount = 0;

  constructor(id: NodeId, job: ExecutorsJob, store: ControlStore) {
    this.id = id;
    this.#job = job;
    this.#store = store;
    this.#workers = Array.from(
      { length: job.workersPerNode },
      (_, index) => new SimulatedWorker({ serviceMs: () => serviceMs, id: `${id}-w${index}` as WorkerId }),
    );
    this.#load = new WorkerLoad(job.capacityCount);
    this.#reporting = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
  }

  async open(from: FeedPosition): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.listen()));
    void this.#watch(from);
    this.#registration = new NodeRegistration({
      store: this.#store,
      leaseMs: this.#job.leaseMs,
      logger: createSilentLogger(),
      describe: () => this.#describe(),
    });
    this.#registration.renew();
    await eventually(() => this.#registration?.isRegistered === true);
  }

  /** @param isDraining false: as a process does that is told to end at once */
  async close(isDraining: boolean): Promise<void> {
    clearInterval(this.#reporting);
    if (isDraining) {
      this.#isDraining = true;
      this.#registration?.renew();
      for (const worker of this.#workers) worker.drain();
    }
    await this.#registration?.close();
    this.#watching.abort();
    await this.#store.close();
  }

  #describe(): NodeRecord {
    this.#describedCount += 1;
    const { capacityCount } = this.#job;
    return {
      kind: "node",
      id: this.id,
      engine: ENGINE,
      supervisor: this.#supervisor,
      workers: this.#workers.map(({ id, address, credential }) => ({
        id,
        address,
        credential,
        capacity: capacityCount,
        load: isVarying ? this.#describedCount % LOAD_TENTHS : this.#load.of(id),
      })),
      draining: this.#isDraining,
      badSlivers: {},
      rollouts: {},
    };
  }

  #report(): void {
    const others = this.#workers.filter(({ id, inFlightCount }) => this.#load.report(id, inFlightCount));
    if (others.length > 0 || isVarying) this.#registration?.renewCalmly();
  }

  /** A real executor keeps a state, too; here the reading alone is of interest, to the server that is read. */
  async #watch(from: FeedPosition): Promise<void> {
    const { signal } = this.#watching;
    for await (const event of this.#store.watchFeed(from, signal)) position = event;
  }
}

const nodes = new Map<string, SimulatedNode>();
let opened: ExecutorsJob | null = null;
let position: FeedPosition = { epoch: "", seq: 0 };
let isVarying = false;
let serviceMs = 0;
let joinedCount = 0;

const openStore = (job: ExecutorsJob): Promise<ControlStore> =>
  openControlStore({ redis: { urls: [job.redisUrl], cell: job.cell } });

serveCommands<ExecutorsCommands>({
  async open(job) {
    opened = job;
    ({ serviceMs } = job);
    const store = await openStore(job);
    const { epoch, seq } = await store.loadSnapshot();
    position = { epoch, seq };
    await store.close();
  },
  async join(count) {
    const job = opened;
    if (job === null) throw new Error("The process has no job");
    const joined = Array.from({ length: count }, async (_, index) => {
      // Executors of a cell do not renew all at once.
      await delay((index * job.leaseMs) / RENEWALS_PER_LEASE / count);
      joinedCount += 1;
      const node = new SimulatedNode(`node-${joinedCount}` as NodeId, job, await openStore(job));
      nodes.set(node.id, node);
      await node.open(position);
      return node.id;
    });
    return await Promise.all(joined);
  },
  async leave(id) {
    const node = nodes.get(id);
    nodes.delete(id);
    await node?.close(true);
  },
  pace(ms) {
    serviceMs = ms;
  },
  vary(isNowVarying) {
    isVarying = isNowVarying;
  },
  async close() {
    await Promise.all([...nodes.values()].map((node) => node.close(false)));
  },
});
