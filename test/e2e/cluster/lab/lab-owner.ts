/** Who owns what a lab made, and what is done when the owner ends. */
import { existsSync } from "node:fs";

/** Begins the names of namespaces; the owner's process id follows. */
export const NAME_PREFIX = "nano-lab-";

/** Whether the process that gave this id to its names is gone. */
export function isOwnerGone(pid: number): boolean {
  return !existsSync(`/proc/${pid}`);
}

const EXIT_TERMINATED = 143;
const EXIT_INTERRUPTED = 130;
const closers = new Set<() => void>();
let isListening = false;

function closeAll(): void {
  for (const close of [...closers]) close();
}

/** Calls back when this process ends, also by a signal that can be caught. Answers what takes it back. */
export function onProcessEnd(close: () => void): () => void {
  closers.add(close);
  if (!isListening) {
    isListening = true;
    process.on("exit", closeAll);
    // Without a listener these end the process and no `exit` is told.
    process.on("SIGTERM", () => process.exit(EXIT_TERMINATED));
    process.on("SIGINT", () => process.exit(EXIT_INTERRUPTED));
  }
  return () => closers.delete(close);
}
