/** With how little a worker process runs: Node's permission model, as far as this Node has it. */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** What isolated-vm's loader looks at to tell musl from glibc. */
const MUSL_MARK = "/etc/alpine-release";
/** The first Node whose permission model refuses sockets. */
const NET_PERMISSION_MAJOR = 25;

/** Flags of a worker's Node: it may load isolated-vm, and read the product's code and its own directory. */
export function workerArguments(directory: string): string[] {
  const readable = [
    `${ROOT}packages/`,
    `${ROOT}services/executor/`,
    `${ROOT}node_modules/`,
    `${directory}/`,
    MUSL_MARK,
  ];
  return [
    "--no-node-snapshot",
    "--disable-warning=ExperimentalWarning",
    "--disable-warning=PERM0001",
    "--permission",
    "--allow-addons",
    ...readable.map((path) => `--allow-fs-read=${path}`),
  ];
}

/** Whether a worker can be kept from opening sockets of its own. */
export function hasNetPermission(): boolean {
  return Number(process.versions.node.split(".")[0]) >= NET_PERMISSION_MAJOR;
}
