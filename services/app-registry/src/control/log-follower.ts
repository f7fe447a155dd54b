/**
 * One reader of an app's output: what of it waits, and what was too much.
 *
 * I1 What waits is bounded: what is above it is dropped, counted by node, and told behind what waits.
 */
import type { AppName } from "@nano/protocol/brands";
import type { LogLine } from "@nano/protocol/registry-api";

export interface LogFollowerOptions {
  readonly app: AppName;
  readonly limitBytes: number;
  onDropped(): void;
  onClose(): void;
}

export class LogFollower {
  readonly app: AppName;
  readonly #options: LogFollowerOptions;
  readonly #waiting: Buffer[] = [];
  readonly #droppedByNode = new Map<string, number>();
  #waitingBytes = 0;
  #isClosed = false;
  #wake: (() => void) | null = null;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.app = options.app;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes a line of a node; the node's name is the one that its record has. */
  push(line: LogLine, node: string): void {
    if (this.#isClosed) return;
    const bytes = encode({ ...line, node });
    if (this.#waitingBytes + bytes.length > this.#options.limitBytes) {
      const lineCount = line.type === "dropped" ? line.count : 1;
      this.#droppedByNode.set(node, (this.#droppedByNode.get(node) ?? 0) + lineCount);
      if (line.type === "line") this.#options.onDropped();
      return;
    }
    this.#add(bytes);
  }

  /** What waits, as bytes of whole lines; null once it is closed and nothing waits any more. */
  async read(): Promise<Buffer | null> {
    while (this.#waiting.length === 0 && this.#droppedByNode.size === 0) {
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    for (const [node, count] of this.#droppedByNode) this.#waiting.push(encode({ type: "dropped", count, node }));
    this.#droppedByNode.clear();
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    return bytes;
  }

  /** Takes no further lines. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClose();
    this.#wakeReader();
  }

  #add(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

function encode(line: LogLine): Buffer {
  return Buffer.from(`${JSON.stringify(line)}\n`);
}
