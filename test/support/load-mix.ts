/** What *under load* asks for: short requests, a tenth of them uploads, some long streams of an app of their own, every body checked. */
import { randomBytes } from "node:crypto";
import type { Answer, AskOptions } from "./http-answer.ts";
import { type LoadShot, sha256 } from "./open-loop.ts";

/** One request in so many. */
const UPLOAD_EVERY = 10;
/** Below what a router keeps of a body, so that an upload can be sent again. */
const MAX_UPLOAD_BYTES = 40_000;
const STREAM_CHUNKS = 10;
/** *Over ten seconds*. */
export const STREAM_MS = 10_500;

const NAMED = `export default { fetch(request) { return new Response("tag " + request.headers.get("x-request-tag")) } }`;
const WAITING = `export default { async fetch(request) {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return new Response("tag " + request.headers.get("x-request-tag"));
} }`;
const UPLOAD = `export default { async fetch(request) {
  const digest = await crypto.subtle.digest("SHA-256", await request.arrayBuffer());
  return new Response([...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
} }`;
const streamOf = (streamMs: number): string => `export default { fetch() {
  let left = ${STREAM_CHUNKS};
  return new Response(new ReadableStream({ async pull(controller) {
    await new Promise((resolve) => setTimeout(resolve, ${streamMs / STREAM_CHUNKS}));
    controller.enqueue(new TextEncoder().encode("x"));
    if (--left === 0) controller.close();
  } }));
} }`;

/** The apps that the mix asks. */
export function createMixApps({ streamMs = STREAM_MS } = {}): readonly { hostname: string; source: string }[] {
  return [
    { hostname: "named.localhost", source: NAMED },
    { hostname: "waiting.localhost", source: WAITING },
    { hostname: "upload.localhost", source: UPLOAD },
    { hostname: "stream.localhost", source: streamOf(streamMs) },
  ];
}

export interface MixOptions {
  ask(host: string, path?: string, options?: AskOptions): Promise<Answer>;
  /** One request in so many is a stream. */
  readonly streamEvery: number;
  /** Requests from this one on are no streams. @default none */
  readonly streamsUntil?: number;
}

/** Null where the answer is 200 with this text, else what it is. */
export function expectText(answer: Answer, expected: string): string | null {
  if (answer.status === 200 && answer.text === expected) return null;
  return `${answer.status} ${answer.headers["x-nano-error"] ?? ""} ${answer.text.slice(0, 60)}`;
}

/** The n-th request. */
export function createMix({ ask, streamEvery, streamsUntil = Number.POSITIVE_INFINITY }: MixOptions) {
  return (index: number): LoadShot => {
    if (index % streamEvery === streamEvery - 1 && index < streamsUntil) {
      return {
        name: "stream",
        isLong: true,
        send: () => ask("stream.localhost"),
        check: (answer) => expectText(answer, "x".repeat(STREAM_CHUNKS)),
      };
    }
    if (index % UPLOAD_EVERY === 0) {
      const body = randomBytes(1 + (index % MAX_UPLOAD_BYTES));
      return {
        name: "upload",
        send: () => ask("upload.localhost", "/", { method: "POST", body }),
        check: (answer) => expectText(answer, sha256(body)),
      };
    }
    return createTagShot(ask, index % 3 === 0 ? "waiting.localhost" : "named.localhost", index);
  };
}

/** One that `named` or `waiting` answers with what it was given. */
export function createTagShot(ask: MixOptions["ask"], host: string, index: number): LoadShot {
  const tag = String(index);
  return {
    name: host,
    send: () => ask(host, `/?n=${tag}`, { headers: { "x-request-tag": tag } }),
    check: (answer) => expectText(answer, `tag ${tag}`),
  };
}
