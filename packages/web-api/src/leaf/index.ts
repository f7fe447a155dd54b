/**
 * Installs the APIs that stand by themselves: no request, no stream. Each is a lazy global: its file is evaluated when the
 * name is first touched.
 */
import "./intrinsics.ts";
import { defineLazyGlobal } from "../define-global.ts";

/** The files that are evaluated on demand: the build turns each `require` into the call of the module's wrapper. */
interface Modules {
  "./base64.ts": typeof import("./base64.ts");
  "./dom-exception.ts": typeof import("./dom-exception.ts");
  "./text-decoder.ts": typeof import("./text-decoder.ts");
  "./text-encoder.ts": typeof import("./text-encoder.ts");
  "./url.ts": typeof import("./url.ts");
  "./url-search-params.ts": typeof import("./url-search-params.ts");
}
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

const OPERATION = { enumerable: true };

export function installLeaves(): void {
  defineLazyGlobal("URL", () => require("./url.ts").URL);
  defineLazyGlobal("URLSearchParams", () => require("./url-search-params.ts").URLSearchParams);
  defineLazyGlobal("TextEncoder", () => require("./text-encoder.ts").TextEncoder);
  defineLazyGlobal("TextDecoder", () => require("./text-decoder.ts").TextDecoder);
  defineLazyGlobal("DOMException", () => require("./dom-exception.ts").DOMException);
  defineLazyGlobal("atob", () => require("./base64.ts").atob, OPERATION);
  defineLazyGlobal("btoa", () => require("./base64.ts").btoa, OPERATION);
}
