/**
 * Notices that another living executor has this one's node name: each of the two overwrites the other's record, and routers lose the
 * workers of whoever wrote first.
 *
 * I1 What an earlier process of this node left in the store is no rival: only a record that follows on our own is.
 * I2 A new epoch may bring back what was there before: there our own record has to be seen again.
 */
import type { StoreState } from "@nano/control-store/follow-store";
import type { NodeId } from "@nano/protocol/brands";
import type { NodeRecord, StoreChange, StoreRecord } from "@nano/protocol/records";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";

export interface NodeNameWatchOptions {
  readonly nodeId: NodeId;
  /** What tells our own records: minted for this process. */
  readonly credential: string;
  /** For how long a rival counts as one after its last record. It writes more often than that: ours differs from its own each time. */
  readonly leaseMs: number;
  readonly logger: Logger;
  /** Where this supervisor is, as routers know it. */
  address(): string;
}

export class NodeNameWatch {
  readonly #options: NodeNameWatchOptions;
  readonly #key: string;
  #epoch = "";
  #hasSeenOwn = false;
  #rivalAddress: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: NodeNameWatchOptions) {
    this.#options = options;
    this.#key = `node/${options.nodeId}`;
  }

  /** Where the other executor of this name is; null: there is none. */
  get rivalAddress(): string | null {
    return this.#rivalAddress;
  }

  /** Takes what the control store holds now, and how that differs from before. */
  update({ epoch, records }: Pick<StoreState, "epoch" | "records">, changes: readonly StoreChange[]): void {
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      const record = nodeRecordOf(records.get(this.#key));
      this.#hasSeenOwn = record !== null && this.#isOwn(record);
      return;
    }
    for (const change of changes) {
      const record = change.key === this.#key ? nodeRecordOf(change.record) : null;
      if (record === null) continue;
      if (this.#isOwn(record)) this.#hasSeenOwn = true;
      else if (this.#hasSeenOwn) this.#seeRival(record);
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#rivalAddress = null;
  }

  #isOwn(record: NodeRecord): boolean {
    return record.supervisor.credential === this.#options.credential;
  }

  #seeRival(record: NodeRecord): void {
    const { nodeId, address, leaseMs, logger } = this.#options;
    const isNews = this.#rivalAddress === null;
    const rivalAddress = record.supervisor.address;
    this.#rivalAddress = rivalAddress;
    if (isNews) {
      logger.error("another executor has the name of this node", {
        err: errors.NODE_ID_TAKEN({ nodeId, address: address(), rivalAddress }),
      });
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.close();
      logger.info("the name of this node is its own again", { nodeId });
    }, leaseMs).unref();
  }
}

function nodeRecordOf(record: StoreRecord | null | undefined): NodeRecord | null {
  return record?.kind === "node" ? record : null;
}
