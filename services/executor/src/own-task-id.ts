import { readFileSync } from "node:fs";

/** Begins with the number of the thread that reads it. Workers may read it; the folder leads to all files there are. */
export const TASK_STAT_PATH = "/proc/thread-self/stat";

/** The kernel's number of the calling thread; 0: it does not say. */
export function ownTaskId(): number {
  try {
    return Number.parseInt(readFileSync(TASK_STAT_PATH, "latin1"), 10) || 0;
  } catch {
    return 0; // not Linux
  }
}
