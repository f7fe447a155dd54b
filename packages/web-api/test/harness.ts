/** Runs an app on the built script in an isolate of its own, with a host that answers from Node and records what it is asked. */
import { createHash, randomUUID } from "node:crypto";
import ivm from "isolated-vm";
import { buildWebApi } from "../build.ts";
import { ATTACH_GLOBAL, GuestEvent, HostOp, SCRIPT_SEPARATOR, SECRET_PLACEHOLDER } from "../src/boundary.ts";

export const SECRET = "the secret of this test";

/** One call of the host's callback. */
export interface HostCall {
  readonly code: number;
  readonly id: number;
  readonly args: readonly unknown[];
}

export interface GuestOptions {
  /** Body of the factory: statements that fill `exports`. */
  readonly app?: string;
  /** Whole script to run in place of the factory. */
  readonly script?: string;
  /** `snapshot`: restored from a heap snapshot made after init; `source`: run from its text. @default "snapshot" */
  readonly from?: "snapshot" | "source";
  readonly env?: Record<string, string>;
  /** Answers of operations, in place of the harness's own. */
  readonly answers?: (code: number, id: number, args: readonly unknown[]) => unknown;
}

/** A response as the host was given it. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

let built: Promise<string> | undefined;

export async function webApiScript(): Promise<string> {
  built ??= buildWebApi();
  return (await built).replace(SECRET_PLACEHOLDER, SECRET);
}

export class Guest {
  readonly isolate: ivm.Isolate;
  readonly context: ivm.Context;
  readonly calls: HostCall[] = [];
  #enter: ivm.Reference | undefined;
  #answers: GuestOptions["answers"];

  constructor(isolate: ivm.Isolate, context: ivm.Context, answers?: GuestOptions["answers"]) {
    this.isolate = isolate;
    this.context = context;
    this.#answers = answers;
  }

  /** Attaches as the host does; false where the guest refused. */
  attach(secret: string = SECRET, env: Record<string, string> = {}): boolean {
    const op = (code: number, id: number, ...args: unknown[]): unknown => {
      // The guest fills up with undefined what an operation does not take.
      this.calls.push({ code, id, args: args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1) });
      const own = this.#answers?.(code, id, args);
      return own === undefined ? answer(code, args) : own;
    };
    const attach = this.context.global.getSync(ATTACH_GLOBAL, { reference: true });
    const enter = attach.applySync(undefined, [secret, new ivm.Callback(op), JSON.stringify(env)], {
      result: { reference: true },
    }) as ivm.Reference;
    if (enter.typeof !== "function") return false;
    this.#enter = enter;
    return true;
  }

  enter(event: number, id: number, a?: unknown, b?: unknown, c?: unknown, d?: unknown): void {
    const args = [event, id, a, b, c, d];
    this.#enter?.applySync(undefined, args, { arguments: { copy: true }, timeout: 2000 });
  }

  /** Enters a request; what it answered is in `calls`. */
  request(
    options: {
      id?: number;
      method?: string;
      url?: string;
      headers?: readonly (readonly [string, string])[];
      body?: string | true;
    } = {},
  ): void {
    const block = (options.headers ?? []).map(([name, value]) => `${name}\n${value}\n`).join("");
    const body = typeof options.body === "string" ? bytesOf(options.body) : options.body;
    this.enter(
      GuestEvent.REQUEST,
      options.id ?? 1,
      options.method ?? "GET",
      options.url ?? "http://app.test/",
      block,
      body,
    );
  }

  /** The calls of one operation. */
  of(code: number): HostCall[] {
    return this.calls.filter((call) => call.code === code);
  }

  /** The one response of a request, with its chunks. */
  answer(id = 1): Answer {
    const heads = this.calls.filter(
      (call) => call.id === id && (call.code === HostOp.RESPOND || call.code === HostOp.RESPOND_SETTLED),
    );
    const [head] = heads;
    if (head === undefined || heads.length !== 1) {
      throw new Error(`${heads.length} responses; host calls: ${JSON.stringify(this.calls)}`);
    }
    const [status, statusText, block, body] = head.args;
    const parts = String(block).split("\n");
    const headers: [string, string][] = [];
    for (let i = 0; i + 1 < parts.length; i += 2) headers.push([parts[i] ?? "", parts[i + 1] ?? ""]);
    const chunks = body === true ? this.of(HostOp.RESPONSE_CHUNK).filter((call) => call.id === id) : [];
    const text = body === true ? chunks.map((call) => textOf(call.args[0])).join("") : textOf(body);
    return { status: Number(status), statusText: String(statusText), headers, body: text };
  }

  /** Runs code in the guest, beside the app, and answers what it evaluates to (copied). */
  evaluate(code: string): unknown {
    return this.context.evalSync(code, { copy: true });
  }

  [Symbol.dispose](): void {
    if (!this.isolate.isDisposed) this.isolate.dispose();
  }
}

/** Makes a guest and attaches to it. */
export async function openGuest(options: GuestOptions = {}): Promise<Guest> {
  const guest = await openUnattached(options);
  guest.attach(SECRET, options.env);
  return guest;
}

/** Makes a guest whose app is initialised, without attaching. */
export async function openUnattached(options: GuestOptions = {}): Promise<Guest> {
  const webApi = await webApiScript();
  const app =
    options.script ??
    `__nano_app__(function () { "use strict"; const exports = {}; ${options.app ?? HELLO}
return exports; });`;
  if (options.from === "source") {
    const isolate = new ivm.Isolate({ memoryLimit: 64 });
    const context = isolate.createContextSync();
    context.evalSync(webApi, { filename: "web-api.js" });
    context.evalSync(app, { filename: "app.js" });
    return new Guest(isolate, context, options.answers);
  }
  const snapshot = ivm.Isolate.createSnapshot([
    ...webApi.split(SCRIPT_SEPARATOR).map((code) => ({ code, filename: "web-api.js" })),
    { code: app, filename: "app.js" },
  ]);
  const isolate = new ivm.Isolate({ memoryLimit: 64, snapshot });
  return new Guest(isolate, isolate.createContextSync(), options.answers);
}

export function bytesOf(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text)).buffer as ArrayBuffer;
}

export function textOf(value: unknown): string {
  return value instanceof ArrayBuffer ? Buffer.from(value).toString() : String(value ?? "");
}

const HELLO = `exports.default = { fetch() { return new Response("hello"); } };`;

/** The answers of an honest host to what needs no world. */
function answer(code: number, args: readonly unknown[]): unknown {
  const [a, b, c] = args;
  switch (code) {
    case HostOp.URL_PARSE:
      return URL.parse(String(a), b === undefined ? undefined : String(b))?.href;
    case HostOp.URL_SET: {
      const url = new URL(String(a));
      Reflect.set(url, String(b), c);
      return url.href;
    }
    case HostOp.TEXT_DECODE:
      return new TextDecoder(String(a), { fatal: Boolean(Number(c) & 1), ignoreBOM: Boolean(Number(c) & 2) }).decode(
        b as ArrayBuffer,
      );
    case HostOp.TEXT_ENCODE:
      return bytesOf(String(a));
    case HostOp.RANDOM_BYTES:
      return crypto.getRandomValues(new Uint8Array(Number(a))).buffer;
    case HostOp.RANDOM_UUID:
      return randomUUID();
    case HostOp.DIGEST: {
      const digest = createHash(String(a).replace("-", "").toLowerCase()).update(new Uint8Array(b as ArrayBuffer));
      return new Uint8Array(digest.digest()).buffer;
    }
    case HostOp.NOW:
      return Date.now();
    case HostOp.RESPONSE_CHUNK:
    case HostOp.FETCH_BODY_CHUNK:
    case HostOp.TIMER_SET:
    case HostOp.UPGRADE:
      return true;
    case HostOp.SOCKET_SEND:
    case HostOp.SOCKET_BUFFERED:
      return 0;
    default:
      return undefined;
  }
}
