/**
 * A process of a benchmark's own that does as it is asked: commands by name, each with one argument and one answer.
 * It ends with whoever started it.
 */
import { type ChildProcess, fork } from "node:child_process";

/** Commands by name: what a child serves, and what `BenchChild` asks for. */
export type Commands<C> = { readonly [K in keyof C]: (argument: never) => unknown };

interface Ask {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Answer =
  | { readonly id: number; readonly type: "done"; readonly result: unknown }
  | { readonly id: number; readonly type: "failed"; readonly why: string };

/** Called in the child: answers until its parent lets go. */
export function serveCommands<C extends Commands<C>>(commands: C): void {
  const known = new Map(Object.entries(commands) as [string, (argument: unknown) => unknown][]);
  process.on("message", async ({ id, name, argument }: Ask) => {
    let answer: Answer;
    try {
      answer = { id, type: "done", result: await known.get(name)?.(argument) };
    } catch (error) {
      answer = { id, type: "failed", why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(answer);
  });
  process.on("disconnect", () => process.exit(0));
}

export class BenchChild<C extends Commands<C>> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #askCount = 0;

  /** @param flags of Node, such as `--expose-gc` */
  constructor(entry: string, flags: readonly string[] = []) {
    const child = fork(entry, [], { execArgv: [...flags], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child = child;
    child.on("message", (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.type === "done") waiting?.resolve(answer.result);
      else waiting?.reject(new Error(`${entry}: ${answer.why}`));
    });
    child.once("exit", (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${entry} ended: ${signal ?? code}`));
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask<K extends keyof C & string>(name: K, ...[argument]: Parameters<C[K]>): Promise<Awaited<ReturnType<C[K]>>> {
    this.#askCount += 1;
    const id = this.#askCount;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as Awaited<ReturnType<C[K]>>), reject });
      this.#child.send({ id, name, argument } satisfies Ask, (error) => {
        if (error !== null) reject(error);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.disconnect();
    await exited;
  }
}

/** A clock that all processes of the machine share. */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
