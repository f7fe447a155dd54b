/**
 * Installs the APIs that stand by themselves: no request, no stream. Each is a lazy global: its file is evaluated when the
 * name is first touched.
 */
import "./intrinsics.ts";
import { defineLazyGlobals } from "../define-global.ts";

/** The files that are evaluated on demand: the build turns each `require` into the call of the module's wrapper. */
interface Modules {
  "./abort.ts": typeof import("./abort.ts");
  "./base64.ts": typeof import("./base64.ts");
  "./blob.ts": typeof import("./blob.ts");
  "./crypto.ts": typeof import("./crypto.ts");
  "./dom-exception.ts": typeof import("./dom-exception.ts");
  "./event.ts": typeof import("./event.ts");
  "./event-target.ts": typeof import("./event-target.ts");
  "./form-data.ts": typeof import("./form-data.ts");
  "./message-channel.ts": typeof import("./message-channel.ts");
  "./other-events.ts": typeof import("./other-events.ts");
  "./structured-clone.ts": typeof import("./structured-clone.ts");
  "./text-decoder.ts": typeof import("./text-decoder.ts");
  "./text-encoder.ts": typeof import("./text-encoder.ts");
  "./url.ts": typeof import("./url.ts");
  "./url-search-params.ts": typeof import("./url-search-params.ts");
}
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

const INTERFACES = [
  "URL",
  "URLSearchParams",
  "TextEncoder",
  "TextDecoder",
  "DOMException",
  "Event",
  "EventTarget",
  "CustomEvent",
  "MessageEvent",
  "ErrorEvent",
  "PromiseRejectionEvent",
  "CloseEvent",
  "AbortController",
  "AbortSignal",
  "MessageChannel",
  "MessagePort",
  "Blob",
  "File",
  "FormData",
  "Crypto",
  "SubtleCrypto",
];
const OPERATIONS = ["atob", "btoa", "structuredClone", "crypto"];

export function installLeaves(): void {
  defineLazyGlobals(INTERFACES, load);
  defineLazyGlobals(OPERATIONS, load, { enumerable: true });
}

/** One closure for all names: a closure each is a part of every cold start. */
function load(name: string): unknown {
  switch (name) {
    case "URL":
      return require("./url.ts").URL;
    case "URLSearchParams":
      return require("./url-search-params.ts").URLSearchParams;
    case "TextEncoder":
      return require("./text-encoder.ts").TextEncoder;
    case "TextDecoder":
      return require("./text-decoder.ts").TextDecoder;
    case "atob":
      return require("./base64.ts").atob;
    case "btoa":
      return require("./base64.ts").btoa;
    case "structuredClone":
      return require("./structured-clone.ts").structuredClone;
    case "DOMException":
      return require("./dom-exception.ts").DOMException;
    case "Event":
      return require("./event.ts").Event;
    case "EventTarget":
      return require("./event-target.ts").EventTarget;
    case "CustomEvent":
      return require("./other-events.ts").CustomEvent;
    case "MessageEvent":
      return require("./other-events.ts").MessageEvent;
    case "ErrorEvent":
      return require("./other-events.ts").ErrorEvent;
    case "PromiseRejectionEvent":
      return require("./other-events.ts").PromiseRejectionEvent;
    case "CloseEvent":
      return require("./other-events.ts").CloseEvent;
    case "AbortController":
      return require("./abort.ts").AbortController;
    case "AbortSignal":
      return require("./abort.ts").AbortSignal;
    case "MessageChannel":
      return require("./message-channel.ts").MessageChannel;
    case "MessagePort":
      return require("./message-channel.ts").MessagePort;
    case "Blob":
      return require("./blob.ts").Blob;
    case "File":
      return require("./blob.ts").File;
    case "FormData":
      return require("./form-data.ts").FormData;
    case "Crypto":
      return require("./crypto.ts").Crypto;
    case "SubtleCrypto":
      return require("./crypto.ts").SubtleCrypto;
    case "crypto":
      return require("./crypto.ts").createCrypto();
    default:
      return undefined;
  }
}

/** Passes the host's answer to a digest that it made off its thread. */
export function deliverDigest(id: number, digest: unknown, message: unknown): void {
  require("./crypto.ts").settleDigest(id, digest, message);
}
