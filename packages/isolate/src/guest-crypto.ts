/**
 * What a guest asks of its keys: answered at once where that is cheaper than an event, else off the thread.
 *
 * I1 Where an app has too much waiting, what it asks for is done on the thread, and counts as its entry's CPU; what is long is refused.
 */
import { GuestEvent } from "@nano/web-api/boundary";
import { type CryptoAnswer, type CryptoJob, isJob, refusalText } from "./crypto-job.ts";
import { SealedKeys } from "./crypto-keys.ts";
import { beginCrypto, type CryptoArguments, runJob } from "./crypto-ops.ts";
import { CryptoPool } from "./crypto-pool.ts";
import type { GuestContext } from "./guest-context.ts";
import type { GuestRun } from "./guest-run.ts";
import type { Refuse } from "./limit-names.ts";

type Enter = (context: GuestContext, owner: GuestRun | null, event: number, id: number, answer: CryptoAnswer) => void;

export interface GuestCryptoOptions {
  readonly app: string;
  /** That of the worker. @default one of its own */
  readonly pool?: CryptoPool | undefined;
  /** Operations of the app that its worker does off the thread, or that wait for that. */
  readonly inFlightCount: number;
  readonly refuse: Refuse;
}

export class GuestCrypto {
  readonly #options: GuestCryptoOptions;
  readonly #enter: Enter;
  readonly #pool: CryptoPool;
  readonly #keys = new SealedKeys();

  constructor(enter: Enter, options: GuestCryptoOptions) {
    this.#options = options;
    this.#enter = enter;
    this.#pool = options.pool ?? new CryptoPool();
  }

  /** Undefined: an event follows. Arguments are hostile (boundary I4). */
  run(context: GuestContext, owner: GuestRun | null, id: number, args: CryptoArguments): CryptoAnswer | undefined {
    const begun = beginCrypto(this.#keys, args);
    if (!isJob(begun)) return begun;
    if (begun.isQuick) return runJob(begun);
    return this.#submit(context, owner, id, begun);
  }

  #submit(context: GuestContext, owner: GuestRun | null, id: number, job: CryptoJob): CryptoAnswer | undefined {
    const holding = context.hold(owner);
    const { app, inFlightCount, refuse } = this.#options;
    const waiter = {
      job,
      isWanted: () => !context.isReleased && context.inherit(holding),
      deliver: (answer: CryptoAnswer) => {
        if (!context.isReleased && context.inherit(holding)) {
          this.#enter(context, holding.owner, GuestEvent.CRYPTO, id, answer);
        }
      },
    };
    if (this.#pool.submit(app, waiter, inFlightCount)) return undefined;
    const why = refuse(
      "crypto_in_flight",
      `Too many operations of this app wait for a thread: at most ${inFlightCount} may be in flight (limits.crypto_in_flight)`,
    );
    return job.isLong ? refusalText("QuotaExceededError", why) : runJob(job);
  }
}
