/** With how little a build child runs: no environment, no network, no processes; it reads the product's code alone. */
import { fileURLToPath } from "node:url";
import { entryFile } from "@nano/service-kit/entry-file";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** What isolated-vm's loader looks at to tell musl from glibc. */
const MUSL_MARK = "/etc/alpine-release";
const READABLE = [`${ROOT}packages/`, `${ROOT}services/sliver-builder/`, `${ROOT}node_modules/`, MUSL_MARK];

const CHILD_ENTRY = new URL("../build-child.main.ts", import.meta.url);

/** Flags of a build child's Node. */
export function childArguments(): string[] {
  return [
    "--no-node-snapshot",
    "--disable-warning=ExperimentalWarning",
    "--disable-warning=SecurityWarning",
    "--permission",
    "--allow-addons",
    ...READABLE.map((path) => `--allow-fs-read=${path}`),
    fileURLToPath(entryFile(CHILD_ENTRY)),
  ];
}
