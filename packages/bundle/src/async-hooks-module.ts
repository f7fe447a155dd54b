/** `node:async_hooks`: what carries contexts, and nothing of what counts or observes them. */
import type { Metafile, Plugin } from "esbuild";

/** In a lowered script (lower-async.ts), what the platform has for it. */
export const ASYNC_HOOKS_NAME = "__nano_async_hooks__";
/** As the file that it is, a message names it `node:async_hooks`. */
export const ASYNC_HOOKS_NAMESPACE = "node";

const PATH = "async_hooks";
const CONTENTS = `const { AsyncLocalStorage, AsyncResource } = ${ASYNC_HOOKS_NAME};
export { AsyncLocalStorage, AsyncResource };
export default { AsyncLocalStorage, AsyncResource };`;

export const asyncHooksModule: Plugin = {
  name: "nano-async-hooks",
  setup(build) {
    build.onResolve({ filter: /^(node:)?async_hooks$/ }, () => ({
      path: PATH,
      namespace: ASYNC_HOOKS_NAMESPACE,
      sideEffects: false,
    }));
    build.onLoad({ filter: /^async_hooks$/, namespace: ASYNC_HOOKS_NAMESPACE }, () => ({ contents: CONTENTS }));
  },
};

/** Whether anything of it is in a script that was built. */
export function usesAsyncHooks(outputs: Metafile["outputs"]): boolean {
  return Object.values(outputs).some(({ inputs }) => Object.hasOwn(inputs, `${ASYNC_HOOKS_NAMESPACE}:${PATH}`));
}
