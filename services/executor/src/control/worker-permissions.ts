/** With how little a worker and the processes beside it run: Node's permission model, as far as this Node has it. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { THREAD_CPU_PATH } from "@nano/isolate/thread-cpu-counter";
import { TASK_STAT_PATH } from "../own-task-id.ts";
import type { WorkerKind } from "../worker-messages.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** What isolated-vm's loader looks at to tell musl from glibc. */
const MUSL_MARK = "/etc/alpine-release";
/** What `entryFile` looks at, for the threads that a worker starts. */
const LOCK_FILE = `${ROOT}pnpm-lock.yaml`;
/** The first Node whose permission model refuses sockets. */
const NET_PERMISSION_MAJOR = 25;

/** The first releases of Node's lines whose processes can give a permission up: major to minor. Later lines have it from their first. */
const DROP_PERMISSION_MINORS: Readonly<Record<number, number>> = { 24: 21, 25: Number.POSITIVE_INFINITY };
const DROP_PERMISSION_MAJOR = 26;

/** Where the product's code is. */
const PRODUCT_DIRECTORIES: readonly string[] = [
  `${ROOT}packages/`,
  `${ROOT}services/executor/`,
  `${ROOT}node_modules/`,
];

/**
 * Flags of a worker's Node: it may load isolated-vm, and read the product's code, its own directory and how much CPU its threads use. It may start
 * threads, which have what it has and no more, until its first guest (`giveUpThreads`); where it cannot give that up, only one for WebSocket
 * connections may.
 */
export function workerArguments(directory: string, kind: WorkerKind): string[] {
  const readable = [...PRODUCT_DIRECTORIES, `${directory}/`, MUSL_MARK, LOCK_FILE, TASK_STAT_PATH, THREAD_CPU_PATH];
  const mayStartThreads = kind === "websocket" || canDropPermission();
  return [
    "--no-node-snapshot",
    "--disable-warning=ExperimentalWarning",
    "--disable-warning=PERM0001",
    "--permission",
    "--allow-addons",
    ...(mayStartThreads ? ["--allow-worker", "--disable-warning=PERM0006"] : []),
    ...readable.map((path) => `--allow-fs-read=${path}`),
  ];
}

/** Flags of the Node of a process beside workers: it may have connections, read the product's code, and write these directories. */
export function linkedArguments(directories: readonly string[]): string[] {
  // By both names where links lead there: Node compares the one that is used.
  const names = new Set(directories.flatMap((path) => [resolve(path), realpathSync(path)]));
  const writable = [...names].map((path) => `${path}/`);
  return [
    "--disable-warning=ExperimentalWarning",
    "--permission",
    ...(hasNetPermission() ? ["--allow-net"] : []),
    ...[...PRODUCT_DIRECTORIES, ...writable].map((path) => `--allow-fs-read=${path}`),
    ...writable.map((path) => `--allow-fs-write=${path}`),
  ];
}

/** Whether a process can give up what it was permitted. */
export function canDropPermission(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major >= DROP_PERMISSION_MAJOR || minor >= (DROP_PERMISSION_MINORS[major] ?? Number.POSITIVE_INFINITY);
}

/** Whether a worker can be kept from opening sockets of its own. */
export function hasNetPermission(): boolean {
  return Number(process.versions.node.split(".")[0]) >= NET_PERMISSION_MAJOR;
}
