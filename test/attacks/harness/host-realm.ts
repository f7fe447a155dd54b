/**
 * An attack on the boundary without the boundary: the same module in a context of `node:vm`, which is none, and is given objects of the host as
 * they are.
 */
import { createContext, runInContext } from "node:vm";
import type { Tenant } from "./attack.ts";

const SETTLE_MS = 5_000;

/** What it answers there. Null: what it answers where it is contained, so it is no attack. @param contained the text of its answer then */
export async function escapesHostRealm({ source }: Tenant, contained: string): Promise<string | null> {
  const context = createContext({
    URL,
    Request,
    Response,
    Headers,
    TextEncoder,
    setTimeout,
    structuredClone,
    console,
    atob,
  });
  const script = `(function () { ${source.replace("export default ", "const exported = ")}\nreturn exported; })()`;
  const handler = runInContext(script, context) as {
    fetch(request: Request, env: object, ctx: object): Response | Promise<Response>;
  };
  const request = new Request("http://subject.test/");
  const answered = Promise.resolve(handler.fetch(request, {}, { waitUntil: () => undefined })).then((response) =>
    response.text(),
  );
  const late = new Promise<string>((resolve) => setTimeout(resolve, SETTLE_MS, contained).unref());
  const text = await Promise.race([answered, late]);
  return text === contained ? null : text;
}
