/**
 * The boundary between host and guest: one entry into a context, one callback out of it, both numbered.
 * Imported by guest code (compiled in) and by `packages/isolate`, so that the numbers are written once.
 *
 *   host → guest   globalThis.__nano_attach__(secret, op, envJson, true) → enter  once, before the app's script: init has a host
 *                  globalThis.__nano_attach__(secret, op, envJson, false, hasAssets) → enter   once per context, after it: requests have one
 *                  enter(event, id, a, b, c, d)
 *   guest → host   op(code, id, a, b, c, d) → primitive | ArrayBuffer | undefined
 *
 * I1 `__nano_attach__` is non-writable and non-configurable before tenant code runs; with a wrong secret, out of its turn, or a
 *    second time, it answers undefined and does nothing.
 * I2 `enter` never throws and returns undefined: the guest catches and reports through `op`.
 * I3 `op` never throws into the guest: where an operation can fail, its answer says so.
 * I4 Every argument of `op` is hostile to the host, whatever its declared type.
 * I5 `id` of a request is chosen by the host and unique within the isolate. Ids of timers and calls are chosen by the guest,
 *    and unique within the context.
 */

/** Events that the host delivers by `enter(event, id, a, b, c, d)`. */
export const GuestEvent = {
  /**
   * id: request · a: method · b: absolute URL · c: header block · d: body: undefined (none), an ArrayBuffer (the whole
   * body) or true (follows as BODY_CHUNK, BODY_END, as asked for by REQUEST_BODY_PULL).
   */
  REQUEST: 1,
  /** id: request · a: ArrayBuffer. */
  BODY_CHUNK: 2,
  /** id: request. */
  BODY_END: 3,
  /** id: request · a: message. The body cannot be read further (client gone, over the limit). */
  BODY_ERROR: 4,
  /** id: request · a: reason. The client went away: `request.signal` aborts, the response stream is cancelled. */
  ABORT: 5,
  /** id: timer. */
  TIMER: 6,
  /** id: request. The response stream may go on. */
  RESPONSE_PULL: 7,
  /** id: fetch call · a: status · b: status text · c: header block · d: `"<redirected 0|1><last URL>"`. */
  FETCH_HEAD: 8,
  /** id: fetch call · a: ArrayBuffer. */
  FETCH_CHUNK: 9,
  /** id: fetch call. */
  FETCH_END: 10,
  /** id: fetch call · a: message for a TypeError. */
  FETCH_ERROR: 11,
  /** id: fetch call. The request body of the call may go on. */
  FETCH_BODY_PULL: 12,
  /** id: 0. Asks for TOUCHED. */
  TOUCHED: 14,
  /** id: 0. Asks for INIT_STATE. */
  INIT_STATE: 15,
  /**
   * id: how many timers have not fired · a: true lets go of the text of lazy modules that were not touched. Init is over: no host answers until
   * the next attach; the first request sets those timers again.
   */
  INIT_END: 16,
  /** id: number of a WebAssembly module that the bundle imports · a: the WebAssembly.Module. */
  WASM_MODULE: 17,
  /** id: request that was upgraded · a: a message of the client, a string or an ArrayBuffer. */
  SOCKET_MESSAGE: 18,
  /** id: request that was upgraded · a: code · b: reason · c: whether the closing handshake was completed. The connection is over; sent once. */
  SOCKET_CLOSED: 19,
  /** id: crypto call · a: what the operation would have answered at once. */
  CRYPTO: 24,
  /** id: codec · a: ArrayBuffer. There may be more output of the same input: CODEC_PULL asks for it. This, CODEC_TAKEN or CODEC_DONE answers each CODEC_WRITE and CODEC_PULL. */
  CODEC_OUTPUT: 27,
  /** id: codec. The input is used up: CODEC_WRITE brings the next. */
  CODEC_TAKEN: 28,
  /** id: codec · a: undefined: the output is complete; or message for a TypeError: the input is malformed. The codec is closed. */
  CODEC_DONE: 29,
  /** id: request. The body that its response passed on was sent, or given up. Not sent where SETTLED came before. */
  RESPONSE_PASSED: 30,
  /** id: dial call · a: a message of the server, a string or an ArrayBuffer. FETCH_HEAD with status 101 came before it. */
  DIAL_MESSAGE: 33,
  /** id: dial call that FETCH_HEAD with status 101 came for · a: code · b: reason · c: whether the closing handshake was completed. The connection is over; sent once. */
  DIAL_CLOSED: 34,
} as const;

/** Operations that the guest asks for by `op(code, id, a, b, c, d)`. */
export const HostOp = {
  /**
   * id: request · a: status · b: status text · c: header block · d: body: null (none), a string (sent as UTF-8), an
   * ArrayBuffer (the whole body), true (follows as RESPONSE_CHUNK, RESPONSE_END), or a number: the body of the request with that id, or of
   * the response to the fetch call with the negative of its id, which the host passes on by itself. Answers whether it does.
   */
  RESPOND: 1,
  /** id: request · a: ArrayBuffer or string. Answers true to go on, false to wait for RESPONSE_PULL. */
  RESPONSE_CHUNK: 2,
  /** id: request. */
  RESPONSE_END: 3,
  /** id: request · a: what was thrown, in a line · b: stack. The response body failed after its head: the connection is cut. */
  RESPONSE_ERROR: 4,
  /** id: request · a: name, "" of what is no error · b: message · c: stack, with what the error holds. The handler threw, or did not answer with a Response. */
  THREW: 5,
  /** id: request. Response complete and every `waitUntil` settled: the request is over. Sent once, if not in RESPOND_SETTLED. */
  SETTLED: 6,
  /** id: request. The handler reads the body and wants the next BODY_CHUNK (one at a time; more are buffered). */
  REQUEST_BODY_PULL: 7,
  /** id: request. The handler does not want the rest of the body. */
  REQUEST_BODY_CANCEL: 8,
  /** id: timer · a: delay in ms · b: whether it repeats · c: true for one of init, set on no request's behalf. Answers true, or false where the app has too many timers. */
  TIMER_SET: 9,
  /** id: timer. */
  TIMER_CLEAR: 10,
  /** id: the request that it is about, or 0: the one whose entry is running · a: level ("debug" "info" "log" "warn" "error") · b: text, already formatted. */
  LOG: 11,
  /** a: input · b: base or undefined. Answers the record of `parseUrlRecord`, or undefined where it does not parse. */
  URL_PARSE: 12,
  /** a: href · b: member ("host" …) · c: value. Sets as the URL standard says; answers the record, or undefined: unchanged. */
  URL_SET: 13,
  /** a: count, at most 65,536. Answers an ArrayBuffer. */
  RANDOM_BYTES: 14,
  /** Answers a string. */
  RANDOM_UUID: 15,
  /** id: call · a: "SHA-1" "SHA-256" "SHA-384" "SHA-512" · b: ArrayBuffer. Answers an ArrayBuffer at once, or as the operations of keys do. */
  DIGEST: 16,
  /**
   * id: fetch call · a: method · b: URL · c: header block · d: `"<redirect>"` and, after a space, the body's kind
   * ("none", "stream", or a number as in RESPOND). Answers undefined, or the message of the limit that refuses it.
   */
  FETCH_START: 17,
  /** id: fetch call · a: ArrayBuffer. Answers true to go on, false to wait for FETCH_BODY_PULL. */
  FETCH_BODY_CHUNK: 18,
  /** id: fetch call. */
  FETCH_BODY_END: 19,
  /** id: fetch call. The guest wants the next FETCH_CHUNK (one at a time). */
  FETCH_PULL: 20,
  /** id: fetch call. Aborted, or the rest of the body is not wanted. */
  FETCH_CANCEL: 21,
  /**
   * a: an encoding's name in lower case · b: ArrayBuffer, of legacy encodings at most LEGACY_TEXT_BYTES; the host keeps no state of them · c: flags
   * (1 fatal, 2 ignoreBOM). Answers a string, or undefined where fatal and malformed, or null: no such encoding.
   */
  TEXT_DECODE: 22,
  /** a: string. Answers its UTF-8 as ArrayBuffer. */
  TEXT_ENCODE: 23,
  /** Answers whole milliseconds since the Unix epoch. Asked while an app initialises, at most once per entry; `clock.ts` has the time of requests. */
  NOW: 24,
  /** As RESPOND with a whole body, and SETTLED at once. */
  RESPOND_SETTLED: 25,
  /** id: 0 · a: the numbers of the lazy modules that were loaded, each followed by a comma. Sent for GuestEvent.TOUCHED alone. */
  TOUCHED: 26,
  /** id: 0 · a: "done", "pending" or "failed" · b: name, c: message, d: stack of what the top level failed with. Sent for GuestEvent.INIT_STATE alone. */
  INIT_STATE: 27,
  /**
   * id: 0 · a: "random", "clock" or "env": the top level used what every restore will share; "wasm": what is not there while a heap is made
   * · b: what was called or read · c: stack.
   */
  INIT_NOTE: 28,
  /**
   * id: request · a: header block. In place of RESPOND: the handler answered with 101 and a WebSocket. Answers true, or the message of a TypeError
   * where the request is no upgrade, or was answered: it then counts as unanswered. SETTLED follows SOCKET_CLOSED and every `waitUntil`.
   */
  UPGRADE: 29,
  /** id: request that was upgraded · a: a message, a string or an ArrayBuffer. Answers what waits to be sent, in bytes; undefined: it is over the limit, and the connection is being closed; the message of a TypeError: it is too large. */
  SOCKET_SEND: 30,
  /** id: request that was upgraded · a: code, 1005 for none · b: reason. The app closes the connection; SOCKET_CLOSED follows. */
  SOCKET_CLOSE: 31,
  /** id: request that was upgraded. Answers what waits to be sent, in bytes. */
  SOCKET_BUFFERED: 32,
  /** id: request that was upgraded · as THREW. A listener of its socket threw: the connection is closed with 1011. */
  SOCKET_THREW: 33,
  /**
   * id: call, unique among these and those of `fetch` · a: URL with http or https · b: header block · c: redirect mode. Asks a server for a WebSocket.
   * Answers undefined, or the message of the limit that refuses it. FETCH_HEAD or FETCH_ERROR follows; after a head of another status than 101 it goes
   * on as a fetch does. FETCH_CANCEL gives it up.
   */
  DIAL: 61,
  /** id: dial call. As SOCKET_SEND. */
  DIAL_SEND: 62,
  /** id: dial call · a: code, 1005 for none · b: reason. The app closes the connection; DIAL_CLOSED follows. */
  DIAL_CLOSE: 63,
  /** id: dial call. Answers what waits to be sent, in bytes. */
  DIAL_BUFFERED: 64,
  /**
   * id: call, unique among these and those of `fetch` · a: `CacheCommand` as JSON · b: URL · c: header block of the request · d: the body's kind, as of
   * FETCH_START. Answers undefined, or the message of what refuses it. It goes on as a fetch does: FETCH_HEAD has status 0 where there is nothing, and
   * before the last URL `+` where the response has a body, else `-`.
   */
  CACHE_START: 68,
  /** id: 0 · a: what the app called to read the clock while it initialises. Sent for its author alone. */
  CLOCK_READ: 75,
  /*
   * Operations on keys, 40 to 47. id: call, unique among them and DIGEST. A key crosses as a handle, a string that only the host that made it can
   * read. Each answers what is said at it; or a string `!<DOMException name> <message>`; or undefined, and CRYPTO follows. `KEYS` is a JSON list with
   * `[type, bits, public exponent as hex, handle]` for each key, a public one before its private one. `COMMAND`s are words with a space between.
   */
  /**
   * a: `<"secret" "RSA" "EC" "OKP"> <format> <extractable: 0 1> <curve; bits of a secret, 0 for all>` · b: ArrayBuffer, or a JWK's members as JSON.
   * Answers KEYS.
   */
  CRYPTO_IMPORT: 40,
  /** a: format · b: handle. Answers an ArrayBuffer, or a JWK's members as JSON. */
  CRYPTO_EXPORT: 41,
  /** a: `secret <extractable> <bits>`, `RSA <extractable> <bits> <exponent>`, `EC <extractable> <curve>` or `OKP …`. Answers KEYS. */
  CRYPTO_GENERATE: 42,
  /** a: `<scheme> <hash> <salt bytes>`, as far as the scheme has them · b: handle · c: ArrayBuffer. Answers an ArrayBuffer. */
  CRYPTO_SIGN: 43,
  /** As CRYPTO_SIGN · d: the signature. Answers a boolean. */
  CRYPTO_VERIFY: 44,
  /**
   * a: `<"encrypt" "decrypt"> <algorithm> <number or hash> <bytes of the IV>` · b: handle · c: ArrayBuffer · d: the IV or counter and what is
   * authenticated beside it, or the label. Answers an ArrayBuffer.
   */
  CRYPTO_CIPHER: 45,
  /**
   * a: `<"bits" "key0" "key1"> <algorithm> <bits; - for all> <hash> <bytes of the salt> <iterations>` · b: handle · c: salt and info · d: the other
   * side's handle. Answers an ArrayBuffer, or KEYS: a secret that is extractable (key1) or not.
   */
  CRYPTO_DERIVE: 46,
  /** a: `<COMMAND of CRYPTO_CIPHER>|<COMMAND of CRYPTO_IMPORT>` · b, c, d: as of CRYPTO_CIPHER. Answers KEYS, of a JWK with its other members after them. */
  CRYPTO_UNWRAP: 47,
  /** a: ArrayBuffer · b: ArrayBuffer of the same length. Answers whether they are equal, in constant time. */
  CRYPTO_EQUALS: 48,
  /** Of `node:crypto`. a: algorithm, as OpenSSL names it · b: ArrayBuffer, at most HASH_SLICE_BYTES · c: an HMAC's key as ArrayBuffer. Answers the digest as ArrayBuffer, or undefined: no such algorithm. */
  HASH: 77,
  /** id: hash, chosen by the guest · a: algorithm · c: an HMAC's key as ArrayBuffer. Begins a hash of what follows. Answers true, or false: no such algorithm. */
  HASH_BEGIN: 78,
  /** id: hash · b: ArrayBuffer, at most HASH_SLICE_BYTES. Answers true, or false: the host does not hold it (any more). */
  HASH_UPDATE: 79,
  /** id: hash. Answers the digest as ArrayBuffer and lets go of the hash; a: id of a copy, which goes on from here: true. Undefined: the host does not hold it. */
  HASH_END: 80,
  /** a, b: ArrayBuffers of one length, at most HASH_SLICE_BYTES. Answers whether they are equal, in a time that does not tell where they differ. */
  TIMING_SAFE_EQUAL: 81,
  /** id: codec · a: "gzip" "deflate" "deflate-raw" "brotli" · b: true to compress. Answers true, or the message of the limit that refuses it. */
  CODEC_OPEN: 50,
  /** id: codec · a: ArrayBuffer of at most CODEC_INPUT_BYTES, or undefined: the input is complete. Once the one before is taken. */
  CODEC_WRITE: 51,
  /** id: codec. The guest has room for more output, of which CODEC_OUTPUT said that there may be. */
  CODEC_PULL: 52,
  /** id: codec. Its output is not wanted any more. */
  CODEC_CLOSE: 53,
  /** As FETCH_START, and what follows it: of a file of the app's own. */
  FETCH_ASSET: 84,
  /** Answers the id of the request on whose behalf the entry is, or undefined: nobody's. */
  CURRENT_REQUEST: 85,
  /** a: number of a group of lazy modules whose text is not in the heap. Answers an expression that makes them. */
  MODULE_GROUP: 86,
} as const;

/** Most bytes of one operation on a hash: between two, an entry over its time can be ended. */
export const HASH_SLICE_BYTES = 1024 * 1024;
/** Input that a codec is given at once. */
export const CODEC_INPUT_BYTES = 64 * 1024;

/** Bytes of a legacy encoding that are decoded at once. */
export const LEGACY_TEXT_BYTES = 64 * 1024;

/** The names that the prelude puts on the global for the host and for bundles. */
export const ATTACH_GLOBAL = "__nano_attach__";
/** Called once by the bundle's script with the factory of the app's exports; gone from the global after that. */
export const DEFINE_APP_GLOBAL = "__nano_app__";
/** In the built script, stands where the host puts the secret before it runs it: a quoted placeholder. */
export const SECRET_PLACEHOLDER = "@@NANO_ATTACH_SECRET@@";
/**
 * In the built script, stands where the host may put the answer to GuestEvent.TOUCHED of an earlier run of the same script: those
 * modules are loaded before the app's script runs. Left as it is, none are.
 */
export const TOUCHED_PLACEHOLDER = "@@NANO_TOUCHED_MODULES@@";
/**
 * Stands on a line of its own between the parts of the built script: a part for each group of lazy modules, and the last, which may be run
 * without them (HostOp.MODULE_GROUP). They are one script when run together; run as a script each, in order, the text of a group that is let
 * go of (GuestEvent.INIT_END) is no part of a heap.
 */
export const SCRIPT_SEPARATOR = "/*@@NANO_SCRIPT_SEPARATOR@@*/";
/** Around the text of a group, an expression, in its part. */
export const GROUP_PART_START = '"use strict";(globalThis.__nano_modules__??=[]).push(';
export const GROUP_PART_END = ");\n";
