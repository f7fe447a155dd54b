/** What a Redis server has counted of itself, as an operator reads it. */

import { connect, type Socket } from "node:net";
import { createRedisKeys } from "@nano/control-store/redis-keys";

export interface RedisReading {
  readonly memoryBytes: number;
  /** From clients, to clients. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** What it appended to its file: also what each replica is sent. */
  readonly appendedBytes: number;
  readonly commandCount: number;
  readonly cpuMs: number;
}

/** Speaks the protocol itself, so that nothing of the product is between the server and its figures. */
export class RedisMeter {
  readonly #socket: Socket;
  readonly #waiting: ((reply: string) => void)[] = [];
  #received = "";

  constructor(socketPath: string) {
    this.#socket = connect(socketPath);
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text: string) => this.#take(text));
  }

  async read(): Promise<RedisReading> {
    const info = await this.#ask("INFO everything");
    const field = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1] ?? Number.NaN);
    return {
      memoryBytes: field("used_memory"),
      receivedBytes: field("total_net_input_bytes"),
      sentBytes: field("total_net_output_bytes"),
      appendedBytes: field("aof_current_size"),
      commandCount: field("total_commands_processed"),
      cpuMs: (field("used_cpu_user") + field("used_cpu_sys")) * 1000,
    };
  }

  /** Memory of what is under the cell's keys, by their names. */
  async memoryByKey(cell: string): Promise<Readonly<Record<string, number>>> {
    const sizes: Record<string, number> = {};
    for (const [name, key] of Object.entries(createRedisKeys(cell))) {
      const bytes = Number(/^:(\d+)/.exec(await this.#ask(`MEMORY USAGE ${key} SAMPLES 0`))?.[1] ?? 0);
      if (bytes > 0) sizes[name] = bytes;
    }
    return sizes;
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(command: string): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(`${command}\r\n`);
    });
  }

  #take(text: string): void {
    this.#received += text;
    for (;;) {
      const lineEnd = this.#received.indexOf("\r\n");
      if (lineEnd < 0) return;
      const bulkChars = this.#received.startsWith("$") ? Math.max(0, Number(this.#received.slice(1, lineEnd))) + 2 : 0;
      const isNull = this.#received.startsWith("$-1");
      const end = lineEnd + 2 + (isNull ? 0 : bulkChars);
      if (this.#received.length < end) return;
      const reply = bulkChars > 0 ? this.#received.slice(lineEnd + 2, end - 2) : this.#received.slice(0, lineEnd);
      this.#received = this.#received.slice(end);
      this.#waiting.shift()?.(reply);
    }
  }
}

/** What a server did between two readings. */
export function difference(before: RedisReading, after: RedisReading): RedisReading {
  const keys = Object.keys(before) as (keyof RedisReading)[];
  return Object.fromEntries(keys.map((key) => [key, after[key] - before[key]])) as unknown as RedisReading;
}
