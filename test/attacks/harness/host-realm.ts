/**
 * An attack on the boundary without the boundary: the same module in a context of `node:vm`, which is none, and is given objects of the host as
 * they are.
 */
import { constants, createContext, runInContext } from "node:vm";
import type { Tenant } from "./attack.ts";

const SETTLE_MS = 5_000;

interface NaiveHandler {
  fetch(request: Request, env: object, context: object): Response | Promise<Response>;
}

/** What is there besides: further names are globals of the host's realm. */
export interface HostRealm extends Readonly<Record<string, unknown>> {
  /** Of the request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A script that runs before the tenant's, in its realm, as a platform's own does. */
  readonly prelude?: string;
}

/**
 * What it answers there. Null: what it answers where it is contained, so it is no attack.
 * @param contained the text of its answer then
 */
export async function escapesHostRealm(
  { source }: Tenant,
  contained: string,
  { headers = {}, prelude = "", ...globals }: HostRealm = {},
): Promise<string | null> {
  const text = await answerInHostRealm(source, { headers, prelude, globals, contained });
  return text === contained ? null : text;
}

/** What a module answers there to a request for this URL. */
export function fetchInHostRealm(source: string, url: string): Promise<string> {
  return answerInHostRealm(source, { url, headers: {}, prelude: "", globals: {}, contained: "" });
}

interface NaiveRun {
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly prelude: string;
  readonly globals: Readonly<Record<string, unknown>>;
  readonly contained: string;
}

async function answerInHostRealm(
  source: string,
  { url = "http://subject.test/", headers, prelude, globals, contained }: NaiveRun,
): Promise<string> {
  const given = {
    URL,
    Request,
    Response,
    Headers,
    Blob,
    URLSearchParams,
    setTimeout,
    structuredClone,
    atob,
    performance,
  };
  const context = createContext({ ...given, crypto, fetch, ...globals });
  runInContext(prelude, context);
  const script = `(function () { ${source.replace("export default ", "const exported = ")}\nreturn exported; })()`;
  const handler = runInContext(script, context, {
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as NaiveHandler;
  const request = new Request(url, { headers: { "x-a": "b", ...headers } });
  const answered = Promise.resolve(
    handler.fetch(request, {}, { waitUntil: (given: PromiseLike<unknown>) => given.then(() => undefined) }),
  ).then((response) => response.text());
  const late = new Promise<string>((resolve) => setTimeout(resolve, SETTLE_MS, contained).unref());
  return Promise.race([answered, late]);
}
