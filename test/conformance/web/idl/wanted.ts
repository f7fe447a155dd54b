/** What NANO promises of the standards' interfaces: those of the Minimum Common API (ECMA-429), and WebSocket. */

/** The standards whose IDL counts; what others add to the same interfaces, such as marks and measures to Performance, is not promised. */
export const SPECS = [
  "compression",
  "console",
  "dom",
  "encoding",
  "fetch",
  "FileAPI",
  "hr-time",
  "html",
  "streams",
  "url",
  "urlpattern",
  "wasm-js-api",
  "wasm-web-api",
  "webcrypto",
  "webidl",
  "websockets",
  "xhr",
] as const;

export const INTERFACES = [
  "AbortController",
  "AbortSignal",
  "Blob",
  "ByteLengthQueuingStrategy",
  "CloseEvent",
  "CompressionStream",
  "CountQueuingStrategy",
  "Crypto",
  "CryptoKey",
  "CustomEvent",
  "DecompressionStream",
  "DOMException",
  "ErrorEvent",
  "Event",
  "EventTarget",
  "File",
  "FormData",
  "Headers",
  "MessageChannel",
  "MessageEvent",
  "MessagePort",
  "Performance",
  "PromiseRejectionEvent",
  "ReadableByteStreamController",
  "ReadableStream",
  "ReadableStreamBYOBReader",
  "ReadableStreamBYOBRequest",
  "ReadableStreamDefaultController",
  "ReadableStreamDefaultReader",
  "Request",
  "Response",
  "SubtleCrypto",
  "TextDecoder",
  "TextDecoderStream",
  "TextEncoder",
  "TextEncoderStream",
  "TransformStream",
  "TransformStreamDefaultController",
  "URL",
  "URLPattern",
  "URLSearchParams",
  "WebSocket",
  "WritableStream",
  "WritableStreamDefaultController",
  "WritableStreamDefaultWriter",
] as const;

/** Interfaces that are properties of the namespace WebAssembly. */
export const WASM_INTERFACES = ["Module", "Instance", "Memory", "Table", "Global", "Tag", "Exception"] as const;

export const NAMESPACES = ["console", "WebAssembly"] as const;

/** Of what the IDL of a worker's global scope has. */
export const GLOBALS = [
  "atob",
  "btoa",
  "clearInterval",
  "clearTimeout",
  "crypto",
  "fetch",
  "navigator",
  "onerror",
  "onrejectionhandled",
  "onunhandledrejection",
  "performance",
  "queueMicrotask",
  "reportError",
  "self",
  "setInterval",
  "setTimeout",
  "structuredClone",
] as const;

/** Members that are there beyond the standards, and why. */
export const BEYOND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Response: { webSocket: "as Workers have it: the client's end of an upgraded connection" },
  SubtleCrypto: { timingSafeEqual: "as Workers have it" },
  WebSocket: {
    accept: "as Workers have it: the app's end of an upgraded connection",
    READY_STATE_CONNECTING: "as Workers have it",
    READY_STATE_OPEN: "as Workers have it",
    READY_STATE_CLOSING: "as Workers have it",
    READY_STATE_CLOSED: "as Workers have it",
  },
};
