/** Modules that are imported but are no files: what the runtime gives by name, and what it cannot give. */
import type { Plugin } from "esbuild";

/** The factory's first parameter: the object behind `process.env`. */
export const ENV_NAME = "__nano_env__";
/** The third: what the prelude gives to modules of Node that the bundle brings along. */
export const NODE_HOST_NAME = "__nano_node_host__";

const WORKERS_MODULE = /^cloudflare:workers$/;
/**
 * Each export is in a bundle where something uses it. Durable Objects and workflows are not here: their classes are for apps that export some beside
 * their handler, and nobody makes an instance.
 */
const WORKERS_TEXT = `export const env = ${ENV_NAME};
export function waitUntil(promise) { ${NODE_HOST_NAME}().waitUntil(promise); }
export class WorkerEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class WorkflowEntrypoint { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class RpcTarget {}`;
/** Before the path of each module of the runtime, among the files that a bundle was made of. */
export const RUNTIME_NAMESPACE = "cloudflare";
/** esbuild leaves these as they are, for a host that loads modules: ours does not. */
const REMOTE_MODULE = /^(https?:)?\/\//;

export const runtimeModules: Plugin = {
  name: "nano-runtime-modules",
  setup(build) {
    build.onResolve({ filter: WORKERS_MODULE }, () => ({
      path: "workers",
      namespace: RUNTIME_NAMESPACE,
      sideEffects: false,
    }));
    build.onLoad({ filter: /.*/, namespace: RUNTIME_NAMESPACE }, () => ({
      contents: WORKERS_TEXT,
    }));
    build.onResolve({ filter: REMOTE_MODULE }, ({ kind, path }) =>
      // A call of `import` or `require` may be one that never runs.
      kind === "import-statement" ? { errors: [{ text: `Could not resolve "${path}"` }] } : undefined,
    );
  },
};
