/** Resident memory of another process. */
import { readFileSync } from "node:fs";

const RESIDENT_LINE = /^VmRSS:\s+(\d+) kB$/m;

/** As the kernel counts it; 0 where the process is gone, or the system has no such count. */
export function readResidentBytes(pid: number): number {
  try {
    const found = RESIDENT_LINE.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return found === null ? 0 : Number(found[1]) * 1024;
  } catch {
    return 0; // ended since its id was known
  }
}
