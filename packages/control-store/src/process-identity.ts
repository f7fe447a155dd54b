/**
 * Which process of this machine it is, for another one that wants to know whether it is still there. By what Linux says: elsewhere, and across
 * borders of process namespaces, nobody knows.
 */
import { readFileSync, readlinkSync } from "node:fs";

/** Namespace, number, and when it began: numbers are given again. */
const IDENTITY = /^(\d{1,20}):(\d{1,10}):(\d{1,20})$/;
export const MAX_IDENTITY_CHARS = 52;

/** Of this process; null: it cannot be told. */
export function ownIdentity(): string | null {
  return identityOf(process.pid);
}

/** Whether that process has ended for sure. */
export function isProcessGone(identity: string): boolean {
  const [, namespace, pid] = IDENTITY.exec(identity) ?? [];
  if (namespace === undefined || namespace !== ownNamespace()) return false;
  return identityOf(Number(pid)) !== identity;
}

/** Of a process in the namespace of this one; null: there is none, or it cannot be told. */
export function identityOf(pid: number): string | null {
  const namespace = ownNamespace();
  if (namespace === null) return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Behind the name, which may hold anything: the state is the 3rd field, the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : `${namespace}:${pid}:${fields[19]}`;
  } catch {
    return null; // there is no such process
  }
}

function ownNamespace(): string | null {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? null;
  } catch {
    return null; // not Linux
  }
}
