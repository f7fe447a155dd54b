/** An object of each interface that apps can have, by the interface's name. */

const readable = () =>
  new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)), type: "bytes" });

/** @type {Readonly<Record<string, () => unknown>>} */
export const instances = {
  AbortController: () => new AbortController(),
  AbortSignal: () => new AbortController().signal,
  Blob: () => new Blob(["text"]),
  ByteLengthQueuingStrategy: () => new ByteLengthQueuingStrategy({ highWaterMark: 1 }),
  CloseEvent: () => new CloseEvent("kind"),
  CompressionStream: () => new CompressionStream("gzip"),
  CountQueuingStrategy: () => new CountQueuingStrategy({ highWaterMark: 1 }),
  Crypto: () => crypto,
  CryptoKey: () => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
  CustomEvent: () => new CustomEvent("kind"),
  DecompressionStream: () => new DecompressionStream("gzip"),
  DOMException: () => new DOMException("text", "AbortError"),
  ErrorEvent: () => new ErrorEvent("kind"),
  Event: () => new Event("kind"),
  EventTarget: () => new EventTarget(),
  File: () => new File(["text"], "name"),
  FormData: () => new FormData(),
  Headers: () => new Headers(),
  MessageChannel: () => new MessageChannel(),
  MessageEvent: () => new MessageEvent("kind"),
  MessagePort: () => new MessageChannel().port1,
  Performance: () => performance,
  PromiseRejectionEvent: () => new PromiseRejectionEvent("kind", { promise: Promise.resolve() }),
  ReadableByteStreamController: () => controllerOf((start) => new ReadableStream({ start, type: "bytes" })),
  ReadableStream: () => new ReadableStream(),
  ReadableStreamBYOBReader: () => readable().getReader({ mode: "byob" }),
  ReadableStreamDefaultController: () => controllerOf((start) => new ReadableStream({ start })),
  ReadableStreamDefaultReader: () => new ReadableStream().getReader(),
  Request: () => new Request("http://idl.test/"),
  Response: () => new Response(),
  SubtleCrypto: () => crypto.subtle,
  TextDecoder: () => new TextDecoder(),
  TextDecoderStream: () => new TextDecoderStream(),
  TextEncoder: () => new TextEncoder(),
  TextEncoderStream: () => new TextEncoderStream(),
  TransformStream: () => new TransformStream(),
  TransformStreamDefaultController: () => controllerOf((start) => new TransformStream({ start })),
  URL: () => new URL("http://idl.test/"),
  URLPattern: () => new URLPattern(),
  URLSearchParams: () => new URLSearchParams(),
  WritableStream: () => new WritableStream(),
  WritableStreamDefaultController: () => controllerOf((start) => new WritableStream({ start })),
  WritableStreamDefaultWriter: () => new WritableStream().getWriter(),
  "WebAssembly.Memory": () => new WebAssembly.Memory({ initial: 1 }),
  "WebAssembly.Table": () => new WebAssembly.Table({ initial: 1, element: "anyfunc" }),
  "WebAssembly.Global": () => new WebAssembly.Global({ value: "i32" }),
  "WebAssembly.Module": () => new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
};

function controllerOf(create) {
  let controller;
  create((given) => {
    controller = given;
  });
  return controller;
}
