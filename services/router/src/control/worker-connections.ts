/** Keeps the connections to workers in step with the node records: dials new workers, lets go of those that are gone. */
import type { WorkerId } from "@nano/protocol/brands";
import type { NodeRecord, WorkerEndpoint } from "@nano/protocol/records";
import { WorkerConnection, type WorkerConnectionOptions } from "./worker-connection.ts";

export type ConnectionSettings = Omit<WorkerConnectionOptions, "nodeId" | "supervisor">;

export class WorkerConnections {
  readonly #settings: ConnectionSettings;
  #connections = new Map<WorkerId, WorkerConnection>();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  get openCount(): number {
    let count = 0;
    for (const { link } of this.#connections.values()) if (link?.isOpen === true) count += 1;
    return count;
  }

  /** Workers of all nodes that are not draining. */
  get all(): Iterable<WorkerConnection> {
    return this.#connections.values();
  }

  /** Whether a worker came or went. */
  reconcile(nodes: Iterable<NodeRecord>): boolean {
    const before = this.#connections;
    const after = new Map<WorkerId, WorkerConnection>();
    let isChanged = false;
    for (const node of nodes) {
      if (node.draining) continue;
      for (const endpoint of node.workers) {
        const known = before.get(endpoint.id);
        const isKept = known !== undefined && isSameEndpoint(known.endpoint, endpoint);
        if (isKept) known.hear(endpoint);
        else isChanged = true;
        after.set(
          endpoint.id,
          isKept
            ? known
            : new WorkerConnection(endpoint, { ...this.#settings, nodeId: node.id, supervisor: node.supervisor }),
        );
      }
    }
    for (const connection of before.values()) {
      if (after.get(connection.id) === connection) continue;
      isChanged = true;
      connection.dispose();
    }
    this.#connections = after;
    return isChanged;
  }

  /** What nodes told of load counts no more, until they tell again. */
  forgetLoad(): void {
    for (const connection of this.#connections.values()) connection.forgetLoad();
  }

  dispose(): void {
    this.reconcile([]);
  }
}

function isSameEndpoint(a: WorkerEndpoint, b: WorkerEndpoint): boolean {
  return a.address === b.address && a.credential === b.credential;
}
