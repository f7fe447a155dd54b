/** Operations of the host by the names of what app authors call. */
import { HostOp } from "./boundary.ts";

/** The API behind an operation, as an author knows it. */
export function apiName(code: number): string {
  switch (code) {
    case HostOp.TIMER_SET:
    case HostOp.TIMER_CLEAR:
      return "setTimeout";
    case HostOp.URL_PARSE:
    case HostOp.URL_SET:
      return "URL";
    case HostOp.RANDOM_BYTES:
      return "crypto.getRandomValues";
    case HostOp.RANDOM_UUID:
      return "crypto.randomUUID";
    case HostOp.DIGEST:
      return "crypto.subtle.digest";
    case HostOp.CRYPTO_IMPORT:
      return "crypto.subtle.importKey";
    case HostOp.CRYPTO_EXPORT:
      return "crypto.subtle.exportKey";
    case HostOp.CRYPTO_GENERATE:
      return "crypto.subtle.generateKey";
    case HostOp.CRYPTO_SIGN:
      return "crypto.subtle.sign";
    case HostOp.CRYPTO_VERIFY:
      return "crypto.subtle.verify";
    case HostOp.CRYPTO_CIPHER:
      return "crypto.subtle.encrypt";
    case HostOp.CRYPTO_DERIVE:
      return "crypto.subtle.deriveBits";
    case HostOp.CRYPTO_UNWRAP:
      return "crypto.subtle.unwrapKey";
    case HostOp.CRYPTO_EQUALS:
      return "crypto.subtle.timingSafeEqual";
    case HostOp.FETCH_START:
      return "fetch";
    case HostOp.FETCH_ASSET:
      return "env.ASSETS.fetch";
    case HostOp.HASH:
    case HostOp.HASH_BEGIN:
    case HostOp.HASH_UPDATE:
    case HostOp.HASH_END:
    case HostOp.TIMING_SAFE_EQUAL:
      return "node:crypto";
    case HostOp.DIAL:
      return "WebSocket";
    case HostOp.CACHE_START:
      return "caches";
    case HostOp.TEXT_DECODE:
      return "TextDecoder";
    case HostOp.TEXT_ENCODE:
      return "TextEncoder";
    case HostOp.CODEC_OPEN:
      return "CompressionStream";
    default:
      return "This API";
  }
}
