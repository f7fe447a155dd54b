/** What is taken of packages whose parts have no types. */
declare module "unenv/node/internal/buffer/buffer" {
  export const Buffer: typeof import("node:buffer").Buffer;
  export const SlowBuffer: (length: number) => Buffer;
  export const INSPECT_MAX_BYTES: number;
  export const kMaxLength: number;
}
declare module "unenv/node/internal/events/events" {
  export class _EventEmitter {
    constructor(options?: object);
    addListener(name: string | symbol, listener: (...args: never[]) => void): this;
    prependListener(name: string | symbol, listener: (...args: never[]) => void): this;
    once(name: string | symbol, listener: (...args: never[]) => void): this;
    prependOnceListener(name: string | symbol, listener: (...args: never[]) => void): this;
    removeListener(name: string | symbol, listener: (...args: never[]) => void): this;
    static setMaxListeners(count?: number, ...targets: unknown[]): void;
  }
  export function once(emitter: unknown, name: string | symbol, options: object): Promise<unknown[]>;
  export const addAbortListener: typeof import("node:events").addAbortListener;
  export const getMaxListeners: typeof import("node:events").getMaxListeners;
}
declare module "unenv/node/url" {
  export * from "node:url";

  const all: typeof import("node:url");
  export default all;
}
declare module "unenv/node/querystring" {
  export * from "node:querystring";

  const all: typeof import("node:querystring");
  export default all;
}
declare module "unenv/node/punycode" {
  const all: object;
  export default all;
}
declare module "path-browserify" {
  const path: typeof import("node:path").posix;
  export default path;
}
declare module "string_decoder/lib/string_decoder.js" {
  export * from "node:string_decoder";
}
declare module "readable-stream/lib/stream" {
  const stream: typeof import("node:stream");
  export default stream;
}
