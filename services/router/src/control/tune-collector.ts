/**
 * Streams pass through a router in buffers outside V8's heap. As it is, V8 marks the whole heap anew for every 25 MB of them, each time
 * with pauses of milliseconds for all requests, though next to nothing of the heap was theirs. Weighed together with the heap and
 * allowed to grow by a factor, they are left to the collector of what is young: of 1 GiB 1 mark-compact in place of 40, half the
 * router's CPU, and the same resident memory.
 */
import { setFlagsFromString } from "node:v8";

/** The first Node whose V8 has the flags; another one would complain of them. */
const FIRST_NODE_MAJOR = 26;
const FLAGS = ["--external-memory-accounted-in-global-limit", "--external-memory-max-growing-factor=4"];

/** To be called once, before there is load. @param nodeVersion `process.versions.node` */
export function tuneCollector(nodeVersion: string): void {
  if (Number.parseInt(nodeVersion, 10) < FIRST_NODE_MAJOR) return;
  for (const flag of FLAGS) setFlagsFromString(flag);
}
