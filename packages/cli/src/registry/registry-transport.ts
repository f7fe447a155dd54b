/**
 * Calls to one app-registry: its answers checked, its refusals as errors, lost calls repeated.
 *
 * I1 A call is repeated only while what was lost may come back, and no longer than a bound.
 * I2 A writing call carries one idempotency key through all of its repeats: it is done once.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { WireError } from "@nano/protocol/errors";
import { fromWireError } from "@nano/protocol/errors";
import { type RequestProblem, requestProblemSchema, wireErrorSchema } from "@nano/protocol/registry-api";
import type { z } from "zod";
import { errors } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { type HttpAnswer, HttpClient } from "./http-client.ts";

const CALL_TIMEOUT_MS = 30_000;
/** Streams send heartbeats far more often. */
const STREAM_TIMEOUT_MS = 60_000;
/** A registry that was just restarted is back within this. */
export const RETRY_DEADLINE_MS = 10_000;
/** A user who sees nothing for longer thinks that it hangs. */
export const NOTICE_AFTER_MS = 3_000;
const RETRY_MIN_PAUSE_MS = 100;
const RETRY_MAX_PAUSE_MS = 1_000;
const MAX_SHOWN_CHARS = 500;
const UNAUTHORISED = 401;
const FORBIDDEN = 403;
/** No page, no such method, wrong host: every registry says these in its own words. */
const STRANGE_STATUSES: ReadonlySet<number> = new Set([404, 405, 421]);

export interface RegistryTransportOptions {
  readonly endpoint: Endpoint;
  /** @default none: over a Unix socket nobody asks for one */
  readonly token?: string | null;
  /** Certificates in PEM that are trusted instead of the system's. */
  readonly ca?: string | null;
  /** How long a call is repeated. @default RETRY_DEADLINE_MS */
  readonly retryMs?: number;
  /** How long a call is repeated before the first answer of all: a wrong URL is told soon. @default as `retryMs` */
  readonly firstRetryMs?: number;
  /** Ends all calls. */
  readonly signal?: AbortSignal;
  /** Takes one line about each call that is repeated for `noticeAfterMs`: why, and for how long it is yet. */
  onWait?(text: string): void;
  /** @default NOTICE_AFTER_MS */
  readonly noticeAfterMs?: number;
}

export interface RegistryCall {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: Uint8Array | undefined;
  readonly contentType?: string;
  /** Statuses from 400 on that are answers to it, too. @default none */
  readonly expectedStatuses?: readonly number[];
}

export class RegistryTransport {
  readonly #options: RegistryTransportOptions;
  readonly #http: HttpClient;
  #hasAnswered = false;

  constructor(options: RegistryTransportOptions) {
    this.#options = options;
    const { endpoint, token = null, ca = null } = options;
    const headers = token === null ? {} : { headers: { authorization: `Bearer ${token}` } };
    this.#http = new HttpClient({ endpoint, ...headers, ...(ca === null ? {} : { ca }) });
  }

  get endpoint(): Endpoint {
    return this.#options.endpoint;
  }

  /** @throws CTL_REGISTRY_REFUSED, CTL_REGISTRY_STRANGE, CTL_REGISTRY_LOST, CTL_SIGN_IN_REFUSED, CTL_NOT_ALLOWED, CTL_INTERRUPTED */
  async send(call: RegistryCall): Promise<HttpAnswer> {
    const { method, path } = call;
    const isWrite = method !== "GET" && method !== "HEAD";
    const headers = isWrite ? { "idempotency-key": randomUUID() } : undefined;
    const startedAtMs = performance.now();
    let isTold = false;
    for (let attempt = 0; ; attempt += 1) {
      let failure: unknown;
      let found: string;
      try {
        const answer = await this.#http.whole({
          ...call,
          headers,
          idleTimeoutMs: CALL_TIMEOUT_MS,
          signal: this.#options.signal,
        });
        this.#hasAnswered = true;
        if (answer.status < 400 || call.expectedStatuses?.includes(answer.status) === true) return answer;
        failure = this.#refusal(call, answer);
        const wire = parseWire(answer.body);
        if (wire?.retryable !== true) throw failure;
        found = `the registry answers ${wire.code}: ${wire.message}`;
      } catch (error) {
        if (this.#options.signal?.aborted === true) throw errors.INTERRUPTED({ what: `${method} ${path}` }, error);
        if (error === failure) throw error;
        const why = describeLoss(error, this.endpoint);
        failure = errors.REGISTRY_LOST({ method, path, why }, error);
        found = `the registry does not answer: ${why}`;
        if (!isLostConnection(error)) throw failure;
      }
      const elapsedMs = performance.now() - startedAtMs;
      const leftMs = this.#retryMs - elapsedMs;
      if (leftMs <= 0) throw failure;
      if (!isTold && elapsedMs >= (this.#options.noticeAfterMs ?? NOTICE_AFTER_MS)) {
        isTold = true;
        this.#options.onWait?.(`${found}; trying again for ${Math.ceil(leftMs / 1000)} s`);
      }
      await this.pause(attempt);
    }
  }

  /** @throws those of `send`, CTL_REGISTRY_STRANGE */
  async sendJson<T>(call: Omit<RegistryCall, "body"> & { body?: unknown }, schema: z.ZodType<T>): Promise<T> {
    const bytes = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const answer = await this.send({ ...call, body: bytes });
    const parsed = schema.safeParse(parseJson(answer.body));
    if (parsed.success) return parsed.data;
    const found = `status ${answer.status} with ${describeBody(answer.body)}`;
    throw errors.REGISTRY_STRANGE({ url: this.endpoint.text, method: call.method, path: call.path, found });
  }

  /** An answer whose body comes as it is written. Once: who follows a stream knows where to go on. @throws those of `send` */
  async open(path: string): Promise<IncomingMessage> {
    const call = { method: "GET", path } as const;
    let answer: IncomingMessage;
    try {
      answer = await this.#http.open({ ...call, idleTimeoutMs: STREAM_TIMEOUT_MS, signal: this.#options.signal });
    } catch (error) {
      if (this.#options.signal?.aborted === true) throw errors.INTERRUPTED({ what: `GET ${path}` }, error);
      throw errors.REGISTRY_LOST({ ...call, why: describeLoss(error, this.endpoint) }, error);
    }
    this.#hasAnswered = true;
    const status = answer.statusCode ?? 0;
    if (status === 200) return answer;
    const chunks: Buffer[] = await answer.take(1).toArray();
    throw this.#refusal(call, { status, body: Buffer.concat(chunks) });
  }

  /** Waits before another attempt, longer after each. */
  async pause(attempt: number): Promise<void> {
    const pauseMs = Math.min(RETRY_MAX_PAUSE_MS, RETRY_MIN_PAUSE_MS * 2 ** Math.min(attempt, 10));
    const { signal } = this.#options;
    // Aborted: the next call tells.
    await delay(pauseMs * (0.5 + Math.random() / 2), undefined, signal === undefined ? {} : { signal }).catch(() => {});
  }

  close(): void {
    this.#http.close();
  }

  get #retryMs(): number {
    const { retryMs = RETRY_DEADLINE_MS, firstRetryMs = retryMs } = this.#options;
    return this.#hasAnswered ? retryMs : firstRetryMs;
  }

  #refusal({ method, path }: RegistryCall, { status, body }: HttpAnswer): unknown {
    const why = describeRefusal(body);
    const url = this.endpoint.text;
    const cause = parseWire(body);
    // What stands before a registry may answer the other statuses in words of its own.
    if (cause === null && STRANGE_STATUSES.has(status)) {
      const found = `status ${status} with ${describeBody(body)}`;
      return errors.REGISTRY_STRANGE({ url, method, path, found });
    }
    const error = cause === null ? undefined : fromWireError(cause);
    if (status === UNAUTHORISED) return errors.SIGN_IN_REFUSED({ url, why }, error);
    if (status === FORBIDDEN) return errors.NOT_ALLOWED({ url, method, path, why }, error);
    return errors.REGISTRY_REFUSED({ method, path, status, why }, error);
  }
}

const LOST_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE", "ETIMEDOUT", "EAI_AGAIN"]);

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && LOST_CODES.has((error as NodeJS.ErrnoException).code ?? "");
}

function describeLoss(error: unknown, { text }: Endpoint): string {
  const why = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  return `${text}: ${why instanceof Error ? why.message : String(why)}`;
}

/** The registry's own words, with every problem it found. */
function describeRefusal(body: Buffer): string {
  const wire = parseWire(body);
  if (wire === null) return describeBody(body);
  const problems = requestProblemSchema.array().safeParse(wire.details.problems);
  const lines = (problems.data ?? []).map(
    (p: RequestProblem) => `\n  ${p.where}: found ${p.got}, expected ${p.expected}`,
  );
  // Its message names them in one line.
  return lines.length === 0 ? wire.message : `${wire.message.split(":", 1)[0]}${lines.join("")}`;
}

function describeBody(body: Buffer): string {
  const text = body.toString("utf8", 0, MAX_SHOWN_CHARS).trim();
  return text === "" ? "nothing" : text;
}

function parseWire(body: Buffer): WireError | null {
  return wireErrorSchema.safeParse(parseJson(body)).data ?? null;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined; // no JSON: not the registry's own words
  }
}
