/**
 * What an app finds in NANO beyond the standard Web API, whose types are TypeScript's own library "WebWorker".
 * In a tsconfig.json: `"lib": ["ESNext", "WebWorker", "WebWorker.Iterable", "WebWorker.AsyncIterable"], "types": []`, with this file among its files.
 * An app that imports modules of Node (`node:buffer`) adds their types: `npm install --save-dev @types/node`, and `"types": ["node"]`.
 */

/** The third argument of a handler. */
interface ExecutionContext {
  /** Work that goes on after the response, for `limits.wait_until_secs` at most. What it is rejected with is logged. */
  waitUntil(promise: Promise<unknown>): void;
  /** Does nothing: there is no origin to pass to. */
  passThroughOnException(): void;
  /** Empty. */
  readonly props: object;
}

/** Variables and secrets of the app, as strings; of an app with assets also `ASSETS`. */
type NanoEnv = Readonly<Record<string, string>>;

/** The default export of an app. @typeParam Env what `env` holds: `{ readonly API_KEY: string; readonly ASSETS: Fetcher }` */
interface ExportedHandler<Env = NanoEnv> {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>;
}

/** Answers requests without a network: `env.ASSETS`, the files of the app's `assets` directory. */
interface Fetcher {
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
}

/** Two sockets, each the other's end: `const [client, server] = Object.values(new WebSocketPair())`. */
interface WebSocketPair extends Iterable<WebSocket> {
  readonly 0: WebSocket;
  readonly 1: WebSocket;
}
declare var WebSocketPair: { readonly prototype: WebSocketPair; new (): WebSocketPair };

interface WebSocket {
  /** Begins to receive. Of a socket of a pair, or of a response to an upgrade. */
  accept(): void;
}

interface ResponseInit {
  /** With status 101: the client's end of a pair. */
  webSocket?: WebSocket | null;
}

interface Response {
  /** Of a `fetch` that asked for an upgrade: the socket, to be accepted. */
  readonly webSocket: WebSocket | null;
}

interface RequestInit {
  /** Wanted with a body that is a stream: it may still be sent while the response comes. */
  duplex?: "half";
}

/** `ReadableStream.from`. The type that TypeScript's library gives to `ReadableStream` can be added to nowhere else. */
interface NewableFunction {
  from<T>(
    this: { readonly prototype: ReadableStream },
    source: AsyncIterable<T> | Iterable<T | PromiseLike<T>>,
  ): ReadableStream<T>;
}

interface SubtleCrypto {
  /** Compares in a time that does not depend on the bytes. @throws TypeError where the lengths differ */
  timingSafeEqual(a: BufferSource, b: BufferSource): boolean;
}

interface CacheStorage {
  /** The cache that an app has without opening one. */
  readonly default: Cache;
}

interface Scheduler {
  /** Resolves after so many milliseconds. */
  wait(delayMs: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
declare var scheduler: Scheduler;

declare module "cloudflare:workers" {
  /** As the handler's second argument. At the top level it holds the version's plain variables. */
  export const env: NanoEnv;
  /** As `ctx.waitUntil` of the request whose code is running. */
  export function waitUntil(promise: Promise<unknown>): void;
  /** Base of a default export that is a class: an instance answers one request, by `fetch(request)`. @typeParam Env what `env` holds */
  export abstract class WorkerEntrypoint<Env = NanoEnv> {
    constructor(ctx: ExecutionContext, env: Env);
    protected readonly ctx: ExecutionContext;
    protected readonly env: Env;
  }
  /** Nobody makes an instance: there are no Durable Objects. */
  export abstract class DurableObject<Env = NanoEnv> {
    constructor(ctx: object, env: Env);
    protected readonly ctx: object;
    protected readonly env: Env;
  }
  /** Nobody makes an instance: there are no workflows. */
  export abstract class WorkflowEntrypoint<Env = NanoEnv> {
    constructor(ctx: object, env: Env);
    protected readonly ctx: object;
    protected readonly env: Env;
  }
  export abstract class RpcTarget {}
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "*.txt" {
  const text: string;
  export default text;
}
declare module "*.html" {
  const text: string;
  export default text;
}
declare module "*.sql" {
  const text: string;
  export default text;
}
declare module "*.md" {
  const text: string;
  export default text;
}
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.bin" {
  const bytes: ArrayBuffer;
  export default bytes;
}
