/** Waits until what the registry has answered is what requests of clients meet. */
import { setTimeout as delay } from "node:timers/promises";
import { type FeedAnswer, feedAnswerSchema } from "@nano/protocol/registry-api";
import { callOnce } from "../registry/http-client.ts";

/** A router that was killed is back within this, with the newest state. */
export const ROUTED_TIMEOUT_MS = 10_000;
const LOOK_INTERVAL_MS = 10;
const LOOK_TIMEOUT_MS = 2_000;

export interface AwaitRoutedOptions {
  /** A place in the change feed that holds every change so far. */
  readPosition(): Promise<FeedAnswer>;
  /** Admin address of the router. */
  readonly router: string;
  /** Admin address of the executor: a router that knows of no node refuses requests at once. */
  readonly executor: string;
  /** @default ROUTED_TIMEOUT_MS */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Null once they are the same; otherwise what was still missing when the time was over, or `signal` aborted. */
export async function awaitRouted(options: AwaitRoutedOptions): Promise<string | null> {
  const deadlineMs = performance.now() + (options.timeoutMs ?? ROUTED_TIMEOUT_MS);
  let position: FeedAnswer | null = null;
  for (;;) {
    let missing: string | null = null;
    if (position === null) {
      // Its position is read once the node is in the feed: the router's then holds the node, too.
      const isServing = (await look(options.executor, "/readyz")) !== null;
      position = isServing ? await options.readPosition().catch(() => null) : null;
      if (position === null) missing = isServing ? "the registry does not answer" : "the executor is not ready";
    }
    if (position !== null && !hasReached(await look(options.router, "/feed"), position)) {
      missing = "the router has not taken up the newest state";
    }
    if (missing === null) return null;
    if (performance.now() >= deadlineMs || options.signal?.aborted === true) return missing;
    await delay(LOOK_INTERVAL_MS);
  }
}

function hasReached(answer: unknown, position: FeedAnswer): boolean {
  const found = feedAnswerSchema.safeParse(answer).data;
  return found !== undefined && found.epoch === position.epoch && found.seq >= position.seq;
}

/** The JSON of an answer that is 200; null where there is none. */
async function look(address: string, path: string): Promise<unknown> {
  try {
    const answer = await callOnce({ address, method: "GET", path, idleTimeoutMs: LOOK_TIMEOUT_MS });
    return answer.status === 200 ? JSON.parse(answer.body.toString("utf8")) : null;
  } catch {
    return null; // not up, or on its way back: looked for again
  }
}
