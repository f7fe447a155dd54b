/**
 * Operations that a guest asks of the host: one table by number.
 *
 * I1 Every argument is hostile: each is tested for its type and bounds before use, and a wrong one is answered by
 *    undefined, never by a throw.
 * I2 Nothing here enters an isolate: what comes later comes by an entry of its own.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { HostOp } from "@nano/web-api/boundary";
import { decodeText } from "./decode-text.ts";
import { moduleGroup } from "./engine.ts";
import { setUrlMember, urlRecord } from "./url-ops.ts";

const MAX_RANDOM_BYTES = 65_536;
const DIGESTS: Readonly<Record<string, string>> = {
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

/** The digest that WebCrypto calls `name`, by Node's name of it. */
export function digestAlgorithm(name: unknown): string | undefined {
  return typeof name === "string" && Object.hasOwn(DIGESTS, name) ? DIGESTS[name] : undefined;
}

/** Operations that concern no run: pure functions of their arguments. `undefined` also for a number that is not one of them. */
export function runPureOp(code: unknown, a: unknown, b: unknown, c: unknown): unknown {
  switch (code) {
    case HostOp.URL_PARSE:
      return typeof a === "string" && (b === undefined || typeof b === "string") ? urlRecord(a, b) : undefined;
    case HostOp.URL_SET:
      return typeof a === "string" && typeof b === "string" && typeof c === "string"
        ? setUrlMember(a, b, c)
        : undefined;
    case HostOp.RANDOM_BYTES: {
      if (typeof a !== "number" || !(a >= 0 && a <= MAX_RANDOM_BYTES)) return undefined;
      return ownBuffer(randomBytes(Math.floor(a)));
    }
    case HostOp.MODULE_GROUP:
      return moduleGroup(a);
    case HostOp.RANDOM_UUID:
      return randomUUID();
    case HostOp.TEXT_ENCODE:
      return typeof a === "string" ? ownBuffer(Buffer.from(a, "utf8")) : undefined;
    case HostOp.TEXT_DECODE:
      return decodeText(a, b, c);
    default:
      return undefined;
  }
}

/** The digest of `data` as a buffer of its own. */
export function digestBytes(algorithm: string, data: ArrayBuffer): ArrayBuffer {
  return ownBuffer(createHash(algorithm).update(new Uint8Array(data)).digest());
}

/** The bytes of a view as an ArrayBuffer that holds nothing else: pooled memory must not cross into a guest. */
export function ownBuffer(view: Uint8Array): ArrayBuffer {
  if (view.byteOffset === 0 && view.byteLength === view.buffer.byteLength) return view.buffer as ArrayBuffer;
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;
}
