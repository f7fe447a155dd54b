/** Modules that are imported but are no files: what the runtime gives by name, and what it cannot give. */
import type { Plugin } from "esbuild";

/** The factory's first parameter: the object behind `process.env`. */
export const ENV_NAME = "__nano_env__";
/** The third: what the prelude gives to modules of Node that the bundle brings along. */
export const NODE_HOST_NAME = "__nano_node_host__";

const WORKERS_MODULE = /^cloudflare:workers$/;
/** Before the path of each module of the runtime, among the files that a bundle was made of. */
export const RUNTIME_NAMESPACE = "cloudflare";
/** esbuild leaves these as they are, for a host that loads modules: ours does not. */
const REMOTE_MODULE = /^(https?:)?\/\//;

export const runtimeModules: Plugin = {
  name: "nano-runtime-modules",
  setup(build) {
    build.onResolve({ filter: WORKERS_MODULE }, () => ({ path: "workers", namespace: RUNTIME_NAMESPACE }));
    build.onLoad({ filter: /.*/, namespace: RUNTIME_NAMESPACE }, () => ({
      contents: `export const env = ${ENV_NAME};`,
    }));
    build.onResolve({ filter: REMOTE_MODULE }, ({ kind, path }) =>
      // A call of `import` or `require` may be one that never runs.
      kind === "import-statement" ? { errors: [{ text: `Could not resolve "${path}"` }] } : undefined,
    );
  },
};
