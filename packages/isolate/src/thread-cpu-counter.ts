/** CPU of a thread as the kernel counts it, readable from other threads of its process. */
import { closeSync, openSync, readSync } from "node:fs";

/** Leads to the thread that opens it, and stays with it. Workers may read it. */
export const THREAD_CPU_PATH = "/proc/thread-self/schedstat";
/** Three numbers: ns on a core, ns of waiting for one, and how often it got one. */
const MAX_BYTES = 64;
const SPACE = 0x20;
const ZERO = 0x30;
const US_PER_NS = 1e-3;

const buffer = new Uint8Array(MAX_BYTES);

/** Of the calling thread. Null: this kernel does not count. */
export function openThreadCpuCounter(): number | null {
  let fd: number;
  try {
    fd = openSync(THREAD_CPU_PATH, "r");
  } catch {
    return null; // not Linux
  }
  if ((readThreadCpuUs(fd) ?? 0) > 0) return fd;
  closeSync(fd);
  return null;
}

/** Right to a tick of the kernel, and never ahead. Null: its thread is gone. */
export function readThreadCpuUs(fd: number): number | null {
  try {
    const count = readSync(fd, buffer, 0, MAX_BYTES, 0);
    let ns = 0;
    for (let at = 0; at < count; at++) {
      const byte = buffer[at] ?? SPACE;
      if (byte === SPACE) return ns * US_PER_NS;
      ns = ns * 10 + byte - ZERO;
    }
    return null;
  } catch {
    return null;
  }
}
