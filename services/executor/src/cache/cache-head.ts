/** The head of a stream by which a worker asks the cache process: both are of one executor, and so of one build. */
import { type CacheCommand, readCacheCommand } from "@nano/protocol/cache-command";
import type { EgressHead, HeaderBlock } from "@nano/protocol/messages";
import { cacheErrors } from "./errors.ts";

/** One question to the cache. */
export interface CacheHead {
  /** Whose entries it is about, as `cacheOwnerOf` names them: here it is only compared. */
  readonly app: string;
  /** Without a fragment. */
  readonly url: string;
  readonly headers: HeaderBlock;
  readonly command: CacheCommand;
  /** What all that the app keeps may take, where that is less than the node gives each app. */
  readonly limitBytes: number;
}

export function encodeCacheHead({ app, url, headers, cache, cacheBytes }: EgressHead): Buffer {
  return Buffer.from(JSON.stringify([app, url, headers, cache, cacheBytes]));
}

/** A worker is no more trusted than the code that it runs. @throws CACHE_MALFORMED */
export function decodeCacheHead(payload: Uint8Array): CacheHead {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(payload).toString());
  } catch (cause) {
    throw cacheErrors.MALFORMED({ what: "its head does not decode" }, cause);
  }
  if (!Array.isArray(fields)) throw cacheErrors.MALFORMED({ what: "its head is no list" });
  const [app, url, headers, command, cacheBytes] = fields as unknown[];
  if (typeof app !== "string" || app === "") throw cacheErrors.MALFORMED({ what: "app is no name" });
  if (typeof url !== "string" || typeof headers !== "string") {
    throw cacheErrors.MALFORMED({ what: "URL or headers are no text" });
  }
  const read = readCacheCommand(command);
  if (read === undefined) throw cacheErrors.MALFORMED({ what: "its command is unknown" });
  const hash = url.indexOf("#");
  const limitBytes = typeof cacheBytes === "number" ? cacheBytes : Number.POSITIVE_INFINITY;
  return { app, url: hash < 0 ? url : url.slice(0, hash), headers, command: read, limitBytes };
}
