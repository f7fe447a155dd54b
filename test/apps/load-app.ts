/** Bundles an app of this directory and runs it in this process, on Node's own Web API: what an app answers by itself. */
import vm from "node:vm";
import { bundleApp } from "@nano/bundle/bundle-app";

export interface LoadedApp {
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

const WEB_API = {
  AbortController,
  crypto,
  Headers,
  MessageChannel,
  performance,
  queueMicrotask,
  ReadableStream,
  Request,
  Response,
  setTimeout,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
};

type FetchHandler = (request: Request, env: object, context: object) => Promise<Response> | Response;
interface AppExports {
  readonly default: { readonly fetch: FetchHandler };
}

export function loadApp(name: string, env: object = {}): Promise<LoadedApp> {
  return loadAppFrom(new URL(name, import.meta.url).pathname, `${name}.localhost`, env);
}

/** @param host what it is asked as */
export async function loadAppFrom(directory: string, host: string, env: object = {}): Promise<LoadedApp> {
  const { artifact } = await bundleApp({ dir: directory });
  let exports: AppExports | undefined;
  const define = (factory: () => AppExports): void => {
    exports = factory();
  };
  vm.runInNewContext(artifact?.script ?? "", { ...WEB_API, __nano_app__: define }, { filename: "app.js" });
  return {
    async fetch(path, init = {}) {
      if (exports === undefined) throw new Error(`App ${host} did not define itself`);
      return exports.default.fetch(new Request(`http://${host}${path}`, init), env, {
        waitUntil: () => undefined,
      });
    },
  };
}
