/**
 * How long the entries that workers are in have waited for a core, as far as they were seen: an entry of a loaded machine takes its time, and does not
 * hang.
 */
import { readdirSync, readFileSync } from "node:fs";
import { guestThreadName } from "../guest-thread-name.ts";

const MS_PER_NS = 1e-6;

/** An entry by what names it: its process, its thread in that, and when it began. */
export interface WatchedEntry {
  readonly pid: number;
  /** 0: the process's own. */
  readonly thread: number;
  readonly beganMs: number;
}

interface SeenEntry {
  readonly beganMs: number;
  /** Null: nobody tells. */
  readonly taskPath: string | null;
  /** What its thread had waited when it was first seen. */
  readonly waitedMs: number;
}

export class CoreWaits {
  #seen = new Map<string, SeenEntry>();
  #next = new Map<string, SeenEntry>();

  /** Since it was first seen. Every entry is asked for between two `turn`s, or is taken for new. */
  waitedMs({ pid, thread, beganMs }: WatchedEntry): number {
    const key = `${pid} ${thread}`;
    const known = this.#seen.get(key);
    if (known !== undefined && known.beganMs === beganMs) {
      this.#next.set(key, known);
      return known.taskPath === null ? 0 : readWaitedMs(known.taskPath) - known.waitedMs;
    }
    const taskPath = findTask(pid, thread);
    this.#next.set(key, { beganMs, taskPath, waitedMs: taskPath === null ? 0 : readWaitedMs(taskPath) });
    return 0;
  }

  /** All entries that there are have been asked for. */
  turn(): void {
    this.#seen = this.#next;
    this.#next = new Map();
  }
}

function findTask(pid: number, thread: number): string | null {
  const tasks = `/proc/${pid}/task`;
  if (thread === 0) return `${tasks}/${pid}`;
  // Threads that it started have its name, and come after it.
  const name = `${guestThreadName(thread)}\n`;
  try {
    const id = readdirSync(tasks).find((task) => readFileSync(`${tasks}/${task}/comm`, "latin1") === name);
    return id === undefined ? null : `${tasks}/${id}`;
  } catch {
    return null; // one of them has just ended, or this is not Linux: asked for again with the next entry
  }
}

/** The second of the kernel's counts: ns in which it could have run, and another did. */
function readWaitedMs(taskPath: string): number {
  try {
    return Number(readFileSync(`${taskPath}/schedstat`, "latin1").split(" ")[1] ?? 0) * MS_PER_NS;
  } catch {
    return 0; // it is gone
  }
}
