/** With how little a worker process runs: Node's permission model, as far as this Node has it. */
import { fileURLToPath } from "node:url";
import type { WorkerKind } from "../worker-messages.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** What isolated-vm's loader looks at to tell musl from glibc. */
const MUSL_MARK = "/etc/alpine-release";
/** The first Node whose permission model refuses sockets. */
const NET_PERMISSION_MAJOR = 25;

/** Where the product's code is. */
export const PRODUCT_DIRECTORIES: readonly string[] = [
  `${ROOT}packages/`,
  `${ROOT}services/executor/`,
  `${ROOT}node_modules/`,
];

/**
 * Flags of a worker's Node: it may load isolated-vm, and read the product's code and its own directory. One for WebSocket connections may start
 * threads, which have what it has and no more.
 */
export function workerArguments(directory: string, kind: WorkerKind): string[] {
  const readable = [...PRODUCT_DIRECTORIES, `${directory}/`, MUSL_MARK];
  return [
    "--no-node-snapshot",
    "--disable-warning=ExperimentalWarning",
    "--disable-warning=PERM0001",
    "--permission",
    "--allow-addons",
    ...(kind === "websocket" ? ["--allow-worker", "--disable-warning=PERM0006"] : []),
    ...readable.map((path) => `--allow-fs-read=${path}`),
  ];
}

/** Whether a worker can be kept from opening sockets of its own. */
export function hasNetPermission(): boolean {
  return Number(process.versions.node.split(".")[0]) >= NET_PERMISSION_MAJOR;
}
