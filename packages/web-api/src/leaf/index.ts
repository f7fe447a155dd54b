/**
 * Installs the APIs that stand by themselves: no request, no stream. Each is a lazy global: its file is evaluated when the
 * name is first touched.
 */
import "./intrinsics.ts";
import { defineLazyGlobal } from "../define-global.ts";

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

const ENUMERABLE = { enumerable: true };

export function installLeaves(): void {
  defineLazyGlobal("URL", () => require("./url.ts").URL);
  defineLazyGlobal("URLSearchParams", () => require("./url-search-params.ts").URLSearchParams);
  defineLazyGlobal("TextEncoder", () => require("./text-encoder.ts").TextEncoder);
  defineLazyGlobal("TextDecoder", () => require("./text-decoder.ts").TextDecoder);
  defineLazyGlobal("atob", () => require("./base64.ts").atob, ENUMERABLE);
  defineLazyGlobal("btoa", () => require("./base64.ts").btoa, ENUMERABLE);
  defineLazyGlobal("structuredClone", () => require("./structured-clone.ts").structuredClone, ENUMERABLE);
  defineLazyGlobal("DOMException", () => require("./dom-exception.ts").DOMException);
  defineLazyGlobal("Event", () => require("./event.ts").Event);
  defineLazyGlobal("EventTarget", () => require("./event-target.ts").EventTarget);
  defineLazyGlobal("CustomEvent", () => require("./other-events.ts").CustomEvent);
  defineLazyGlobal("MessageEvent", () => require("./other-events.ts").MessageEvent);
  defineLazyGlobal("ErrorEvent", () => require("./other-events.ts").ErrorEvent);
  defineLazyGlobal("PromiseRejectionEvent", () => require("./other-events.ts").PromiseRejectionEvent);
  defineLazyGlobal("CloseEvent", () => require("./other-events.ts").CloseEvent);
  defineLazyGlobal("AbortController", () => require("./abort.ts").AbortController);
  defineLazyGlobal("AbortSignal", () => require("./abort.ts").AbortSignal);
  defineLazyGlobal("MessageChannel", () => require("./message-channel.ts").MessageChannel);
  defineLazyGlobal("MessagePort", () => require("./message-channel.ts").MessagePort);
  defineLazyGlobal("Blob", () => require("./blob.ts").Blob);
  defineLazyGlobal("File", () => require("./blob.ts").File);
  defineLazyGlobal("FormData", () => require("./form-data.ts").FormData);
  defineLazyGlobal("Crypto", () => require("./crypto.ts").Crypto);
  defineLazyGlobal("SubtleCrypto", () => require("./crypto.ts").SubtleCrypto);
  defineLazyGlobal("crypto", () => require("./crypto.ts").createCrypto(), ENUMERABLE);
}

/** Passes the host's answer to a digest that it made off its thread. */
export function deliverDigest(id: number, digest: unknown, message: unknown): void {
  require("./crypto.ts").settleDigest(id, digest, message);
}
