/** What this package asks of AbortController and AbortSignal, by the platform's own and not by what the global holds. */
import { loadGlobal } from "./define-global.ts";

export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once: boolean }): void;
}

export interface Controller {
  readonly signal: Signal;
  abort(reason?: unknown): void;
}

export function createController(): Controller {
  return new (loadGlobal<new () => Controller>("AbortController"))();
}

/** A signal that aborts when another does. */
export function followingSignal(leader: Signal): Signal {
  return loadGlobal<{ any(signals: Signal[]): Signal }>("AbortSignal").any([leader]);
}

/** "AbortError" as the standard makes it. */
export function abortError(message: string): unknown {
  return new (loadGlobal<new (message: string, name: string) => unknown>("DOMException"))(message, "AbortError");
}
