/**
 * The control store as the registry serves it over its Unix socket. Each call stands for itself: one that fails with
 * STORE_LOST may be tried again, a commit with the same idempotency key.
 */
import type { FeedEvent, FeedPosition, NodeRecord, StoreChange, StoreSnapshot } from "@nano/protocol/records";
import type { AuditEntry } from "@nano/protocol/registry-api";
import type { CommitOptions, ControlStore } from "./control-store.ts";
import { errors } from "./errors.ts";
import { SocketHttp } from "./socket-http.ts";
import { storePaths } from "./store-paths.ts";

export class EmbeddedControlStore implements ControlStore {
  readonly #http: SocketHttp;

  constructor(socketPath: string) {
    this.#http = new SocketHttp(socketPath);
  }

  async loadSnapshot(): Promise<StoreSnapshot> {
    return (await this.#http.request({ method: "GET", path: storePaths.snapshot })) as StoreSnapshot;
  }

  async *watchFeed(after: FeedPosition, signal: AbortSignal): AsyncIterable<FeedEvent> {
    try {
      yield* this.#http.stream({
        method: "GET",
        path: storePaths.feedAfter(after),
        signal,
      }) as AsyncIterable<FeedEvent>;
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    // A feed has no end of its own: the registry has closed.
    if (!signal.aborted) throw errors.LOST({ what: storePaths.feed, why: "the registry ended the feed" });
  }

  async commit(changes: readonly StoreChange[], options: CommitOptions = {}): Promise<FeedPosition> {
    const body = { changes, options };
    return (await this.#http.request({ method: "POST", path: storePaths.commit, body })) as FeedPosition;
  }

  async findReceipt(idempotencyKey: string): Promise<string | null> {
    const path = storePaths.receiptOf(idempotencyKey);
    return ((await this.#http.request({ method: "GET", path })) as { receipt: string | null }).receipt;
  }

  async readAudit(limitCount: number): Promise<readonly AuditEntry[]> {
    const path = storePaths.auditOf(limitCount);
    return (await this.#http.request({ method: "GET", path })) as readonly AuditEntry[];
  }

  async renewLease(record: NodeRecord, ttlMs: number): Promise<void> {
    await this.#http.request({ method: "PUT", path: storePaths.lease(record.id), body: { record, ttlMs } });
  }

  async endLease(node: NodeRecord["id"]): Promise<void> {
    await this.#http.request({ method: "DELETE", path: storePaths.lease(node) });
  }

  async close(): Promise<void> {
    this.#http.close();
  }
}
