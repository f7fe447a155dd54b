/** What `env.ASSETS` is: answers requests with files of the app, and never calls its handler. */
import { fetchAsset } from "./fetch.ts";
import { finishInterface } from "./leaf/webidl.ts";
import { PromiseReject, TypeErrorCtor } from "./primordials.ts";
import type { Response } from "./response.ts";

const TOKEN = {};
let only: Fetcher | undefined;

class Fetcher {
  readonly #isOurs = true;

  constructor(token: unknown = undefined) {
    if (token !== TOKEN) throw new TypeErrorCtor("Illegal constructor");
  }

  fetch(input: unknown, init: unknown = undefined): Promise<Response> {
    if (!(#isOurs in this)) return PromiseReject(new TypeErrorCtor("Illegal invocation"));
    return fetchAsset(input, init);
  }
}
finishInterface(Fetcher, "Fetcher");

/** One per context. */
export function assets(): Fetcher {
  only ??= new Fetcher(TOKEN);
  return only;
}
