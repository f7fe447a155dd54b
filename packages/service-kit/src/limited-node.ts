/**
 * Starts Node with less of the system than this process has: no core dump, which would hold what its memory held, and a ceiling on descriptors.
 *
 * Node cannot call `setrlimit`, so a shell does, and becomes Node: the same process, its descriptors and its channel, limited from its first
 * instruction. Where the system hands dumps to a program their limit does not count; then the kernel's filter keeps memory out of them.
 */
import { existsSync } from "node:fs";

const SHELL = "/bin/sh";
/** A ceiling that the system has lower stays, and other systems than Linux have no filter. Shells pass on variables of their own. */
const SCRIPT = `
{ ulimit -c 0; ulimit -n "$1"; echo 0 > /proc/self/coredump_filter; } 2> /dev/null
shift
unset PWD OLDPWD SHLVL
exec "$@"
`;

export interface NodeLimits {
  /** Files, sockets and the like that are open at once. */
  readonly descriptorCount: number;
}

/** For `spawn`; for `fork` its `execPath` and `execArgv`. */
export interface NodeCommand {
  readonly file: string;
  readonly args: string[];
}

/** How Node is started with these arguments within the limits; without them where nothing can set them. */
export function limitedNode({ descriptorCount }: NodeLimits, nodeArguments: readonly string[]): NodeCommand {
  if (!canLimitNode()) return { file: process.execPath, args: [...nodeArguments] };
  return { file: SHELL, args: ["-c", SCRIPT, SHELL, String(descriptorCount), process.execPath, ...nodeArguments] };
}

/** Whether there is what sets the limits. */
export function canLimitNode(): boolean {
  return existsSync(SHELL);
}
