/** Notices a peer that says nothing: no HELLO in time, and afterwards no byte for longer than it promised. */
import { type LinkLimits, MAX_ANNOUNCED_SILENCE_MS } from "./limits.ts";

export interface SilenceListener {
  /** The HELLO did not come in time. */
  onLateGreeting(timeoutMs: number): void;
  /** An interval went by without a byte, and the peer may still be silent: it is to be asked for one. */
  onQuiet(): void;
  /** It was silent for longer than it may be. */
  onSilent(silentMs: number): void;
}

export class SilenceWatch {
  readonly #limits: LinkLimits;
  readonly #listener: SilenceListener;
  #timer: NodeJS.Timeout;
  #silentIntervalCount = 0;
  /** From the peer's HELLO and what it announced. */
  #allowedIntervalCount = 0;

  /** Waits for the HELLO. */
  constructor(limits: LinkLimits, listener: SilenceListener) {
    this.#limits = limits;
    this.#listener = listener;
    const { handshakeTimeoutMs } = limits;
    this.#timer = setTimeout(() => listener.onLateGreeting(handshakeTimeoutMs), handshakeTimeoutMs);
  }

  /** Bytes of the peer came. */
  heard(): void {
    this.#silentIntervalCount = 0;
  }

  /** The HELLO came: from here on silence counts. */
  greeted({ isPrompt }: { readonly isPrompt: boolean }): void {
    const { silentIntervalCount, patientIntervalCount, pingIntervalMs } = this.#limits;
    this.#allowedIntervalCount = isPrompt ? silentIntervalCount : patientIntervalCount;
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#check(), pingIntervalMs);
    this.#timer.unref();
  }

  /** The peer has said for how long it will be silent; 0: not any more. */
  allow(silenceMs: number): void {
    const { pingIntervalMs, silentIntervalCount } = this.#limits;
    const announcedMs = Math.min(silenceMs, MAX_ANNOUNCED_SILENCE_MS);
    this.#allowedIntervalCount = silentIntervalCount + Math.ceil(announcedMs / pingIntervalMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #check(): void {
    if (this.#silentIntervalCount >= this.#allowedIntervalCount) {
      this.#listener.onSilent(this.#silentIntervalCount * this.#limits.pingIntervalMs);
      return;
    }
    this.#silentIntervalCount += 1;
    if (this.#silentIntervalCount > 1) this.#listener.onQuiet();
  }
}
