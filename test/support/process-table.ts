/** What `/proc` tells of processes, and what each is that belongs to a NANO of one machine. */
import { readdirSync, readFileSync } from "node:fs";

/** `CLK_TCK` of every Linux that Node runs on. */
const CLOCK_TICK_MS = 10;

/** By what their command lines hold; the first that fits. */
const MARKS = [
  ["router", /services\/router\/(?:src|dist)\/main\./],
  ["executor", /services\/executor\/(?:src|dist)\/main\./],
  ["WebSocket worker", /worker\.main\.[jt]s websocket\b/],
  ["worker", /worker\.main\.[jt]s http\b/],
  ["egress", /egress\.main\./],
  ["cache", /cache\.main\./],
  ["app-registry", /services\/app-registry\/(?:src|dist)\/main\./],
  ["sliver-builder", /services\/sliver-builder\/(?:src|dist)\/main\./],
  ["build child", /build-child\.main\./],
] as const;

/** `other`: what starts NANO, and what is between its fork and its command. */
export type ProcessKind = (typeof MARKS)[number][0] | "other";

export const processKinds: readonly ProcessKind[] = [...MARKS.map(([kind]) => kind), "other"];

export function kindOf(pid: number): ProcessKind {
  const line = commandLineOf(pid);
  return MARKS.find(([, mark]) => mark.test(line))?.[0] ?? "other";
}

/** Empty: it is gone. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Null: it is gone. */
function statOf(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After its name, which may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** In ticks since the machine's start: with its id, it tells a process from any other. Null: it is gone, or dead and not yet waited for. */
export function startTicksOf(pid: number): number | null {
  const stat = statOf(pid);
  return stat === null || stat[0] === "Z" ? null : Number(stat[19]);
}

/** CPU time that it took so far. 0: it is gone. */
export function cpuMsOf(pid: number): number {
  const stat = statOf(pid);
  return stat === null ? 0 : (Number(stat[11]) + Number(stat[12])) * CLOCK_TICK_MS;
}

/** Null: it is gone. */
export function descriptorCountOf(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}

/** Every process below this one. */
export function descendantsOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name)) parents.set(Number(name), Number(statOf(Number(name))?.[1] ?? 0));
  }
  const found: number[] = [];
  const pending = [root];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for (const [pid, of] of parents) {
      if (of !== parent) continue;
      found.push(pid);
      pending.push(pid);
    }
  }
  return found;
}
