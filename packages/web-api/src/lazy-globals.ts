/**
 * The names of the global whose values are made when they are first touched, and the files that make them: one function for all, since each
 * closure is a part of every cold start.
 */
import { defineLazyAttributes, defineLazyGlobals } from "./define-global.ts";
import { STREAM_INTERFACES } from "./stream-state.ts";

/** The files that are evaluated on demand: the build turns each `require` into the call of the module's wrapper. */
interface Modules {
  "./cache/cache.ts": typeof import("./cache/cache.ts");
  "./cache/cache-storage.ts": typeof import("./cache/cache-storage.ts");
  "./compression-streams.ts": typeof import("./compression-streams.ts");
  "./console.ts": typeof import("./console.ts");
  "./crypto/crypto-key.ts": typeof import("./crypto/crypto-key.ts");
  "./crypto/subtle-crypto.ts": typeof import("./crypto/subtle-crypto.ts");
  "./fetch.ts": typeof import("./fetch.ts");
  "./global-events.ts": typeof import("./global-events.ts");
  "./headers.ts": typeof import("./headers.ts");
  "./leaf/abort.ts": typeof import("./leaf/abort.ts");
  "./leaf/base64.ts": typeof import("./leaf/base64.ts");
  "./leaf/blob.ts": typeof import("./leaf/blob.ts");
  "./leaf/crypto.ts": typeof import("./leaf/crypto.ts");
  "./leaf/date.ts": typeof import("./leaf/date.ts");
  "./leaf/dom-exception.ts": typeof import("./leaf/dom-exception.ts");
  "./leaf/event.ts": typeof import("./leaf/event.ts");
  "./leaf/event-target.ts": typeof import("./leaf/event-target.ts");
  "./leaf/form-data.ts": typeof import("./leaf/form-data.ts");
  "./leaf/intl.ts": typeof import("./leaf/intl.ts");
  "./leaf/message-channel.ts": typeof import("./leaf/message-channel.ts");
  "./leaf/other-events.ts": typeof import("./leaf/other-events.ts");
  "./leaf/structured-clone.ts": typeof import("./leaf/structured-clone.ts");
  "./leaf/temporal.ts": typeof import("./leaf/temporal.ts");
  "./leaf/text-decoder.ts": typeof import("./leaf/text-decoder.ts");
  "./leaf/text-encoder.ts": typeof import("./leaf/text-encoder.ts");
  "./leaf/url.ts": typeof import("./leaf/url.ts");
  "./leaf/url-pattern.ts": typeof import("./leaf/url-pattern.ts");
  "./leaf/url-search-params.ts": typeof import("./leaf/url-search-params.ts");
  "./performance.ts": typeof import("./performance.ts");
  "./scheduler.ts": typeof import("./scheduler.ts");
  "./scope.ts": typeof import("./scope.ts");
  "./streams.ts": typeof import("./streams.ts");
  "./text-streams.ts": typeof import("./text-streams.ts");
  "./timers.ts": typeof import("./timers.ts");
  "./websocket.ts": typeof import("./websocket.ts");
  "./websocket-pair.ts": typeof import("./websocket-pair.ts");
}
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

const INTERFACES = [
  "Headers",
  "URL",
  "URLSearchParams",
  "URLPattern",
  "TextEncoder",
  "TextDecoder",
  "DOMException",
  "Event",
  "EventTarget",
  "CustomEvent",
  "MessageEvent",
  "ErrorEvent",
  "Performance",
  "PromiseRejectionEvent",
  "Scheduler",
  "CloseEvent",
  "AbortController",
  "AbortSignal",
  "MessageChannel",
  "MessagePort",
  "Blob",
  "File",
  "FormData",
  "Crypto",
  "CryptoKey",
  "SubtleCrypto",
  ...STREAM_INTERFACES,
  "TextEncoderStream",
  "TextDecoderStream",
  "CompressionStream",
  "DecompressionStream",
  "WebSocket",
  "WebSocketPair",
  "Cache",
  "CacheStorage",
  "console",
  "Intl",
  "Date",
];
const OPERATIONS = [
  "atob",
  "btoa",
  "structuredClone",
  "fetch",
  "queueMicrotask",
  "reportError",
  "setTimeout",
  "setInterval",
  "clearTimeout",
  "clearInterval",
  "addEventListener",
  "removeEventListener",
  "dispatchEvent",
];

const READ_ONLY_ATTRIBUTES = ["caches", "crypto", "navigator", "self"];
const ATTRIBUTES = ["performance", "scheduler", "onerror", "onrejectionhandled", "onunhandledrejection"];

export function installLazyGlobals(): void {
  defineLazyGlobals(INTERFACES, load);
  defineLazyGlobals(OPERATIONS, load, { enumerable: true });
  defineLazyAttributes(READ_ONLY_ATTRIBUTES, { isReadOnly: true });
  defineLazyAttributes(ATTRIBUTES, { isReadOnly: false });
}

function load(name: string): unknown {
  switch (name) {
    case "Headers":
      return require("./headers.ts").Headers;
    case "URL":
      return require("./leaf/url.ts").URL;
    case "URLSearchParams":
      return require("./leaf/url-search-params.ts").URLSearchParams;
    case "URLPattern":
      return require("./leaf/url-pattern.ts").URLPattern;
    case "TextEncoder":
      return require("./leaf/text-encoder.ts").TextEncoder;
    case "TextDecoder":
      return require("./leaf/text-decoder.ts").TextDecoder;
    case "atob":
      return require("./leaf/base64.ts").atob;
    case "btoa":
      return require("./leaf/base64.ts").btoa;
    case "structuredClone":
      return require("./leaf/structured-clone.ts").structuredClone;
    case "DOMException":
      return require("./leaf/dom-exception.ts").DOMException;
    case "Event":
      return require("./leaf/event.ts").Event;
    case "EventTarget":
      return require("./leaf/event-target.ts").EventTarget;
    case "CustomEvent":
      return require("./leaf/other-events.ts").CustomEvent;
    case "MessageEvent":
      return require("./leaf/other-events.ts").MessageEvent;
    case "ErrorEvent":
      return require("./leaf/other-events.ts").ErrorEvent;
    case "PromiseRejectionEvent":
      return require("./leaf/other-events.ts").PromiseRejectionEvent;
    case "CloseEvent":
      return require("./leaf/other-events.ts").CloseEvent;
    case "AbortController":
      return require("./leaf/abort.ts").AbortController;
    case "AbortSignal":
      return require("./leaf/abort.ts").AbortSignal;
    case "MessageChannel":
      return require("./leaf/message-channel.ts").MessageChannel;
    case "MessagePort":
      return require("./leaf/message-channel.ts").MessagePort;
    case "Blob":
      return require("./leaf/blob.ts").Blob;
    case "File":
      return require("./leaf/blob.ts").File;
    case "FormData":
      return require("./leaf/form-data.ts").FormData;
    case "Crypto":
      return require("./leaf/crypto.ts").Crypto;
    case "CryptoKey":
      return require("./crypto/crypto-key.ts").CryptoKey;
    case "SubtleCrypto":
      return require("./crypto/subtle-crypto.ts").SubtleCrypto;
    case "crypto":
      return require("./leaf/crypto.ts").createCrypto();
    case "TextEncoderStream":
      return require("./text-streams.ts").createTextEncoderStream();
    case "TextDecoderStream":
      return require("./text-streams.ts").createTextDecoderStream();
    case "CompressionStream":
      return require("./compression-streams.ts").CompressionStream;
    case "DecompressionStream":
      return require("./compression-streams.ts").DecompressionStream;
    case "WebSocket":
      return require("./websocket.ts").WebSocket;
    case "WebSocketPair":
      return require("./websocket-pair.ts").WebSocketPair;
    case "Cache":
      return require("./cache/cache.ts").Cache;
    case "CacheStorage":
      return require("./cache/cache-storage.ts").CacheStorage;
    case "caches":
      return require("./cache/cache-storage.ts").createCacheStorage();
    case "Intl":
      return require("./leaf/intl.ts").loadIntl();
    case "Date":
      return require("./leaf/date.ts").createDate();
    case "Temporal":
      return require("./leaf/temporal.ts").createTemporal();
    case "console":
      return require("./console.ts").createConsole();
    case "fetch":
      return require("./fetch.ts").fetch;
    case "self":
      return globalThis;
    case "Performance":
      return require("./performance.ts").Performance;
    case "performance":
      return require("./performance.ts").createPerformance();
    case "Scheduler":
      return require("./scheduler.ts").Scheduler;
    case "scheduler":
      return require("./scheduler.ts").createScheduler();
    case "navigator":
      return require("./scope.ts").createNavigator();
    case "queueMicrotask":
    case "reportError":
      return require("./scope.ts").scopeOperations[name];
    case "setTimeout":
    case "setInterval":
    case "clearTimeout":
    case "clearInterval":
      return require("./timers.ts").timerOperations[name];
    case "addEventListener":
    case "removeEventListener":
    case "dispatchEvent":
      return require("./global-events.ts").globalEventOperations[name];
    case "onerror":
    case "onrejectionhandled":
    case "onunhandledrejection":
      return require("./global-events.ts").globalHandlers;
    default:
      return (require("./streams.ts").loadStreams().interfaces as unknown as Record<string, unknown>)[name];
  }
}
