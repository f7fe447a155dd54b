/**
 * What a guest asks of its keys: answered at once where that is cheaper than an event, else off the thread.
 *
 * I1 Where an app has too much waiting, what it asks for is done on the thread, and counts as its entry's CPU; what is long is refused.
 */
import { GuestEvent } from "@nano/web-api/boundary";
import { type CryptoAnswer, type CryptoJob, isJob, refusalText } from "./crypto-job.ts";
import { SealedKeys } from "./crypto-keys.ts";
import { beginCrypto, type CryptoArguments, runJob } from "./crypto-ops.ts";
import { CryptoPool, MAX_CRYPTO_QUEUED_PER_APP } from "./crypto-pool.ts";
import type { GuestContext } from "./guest-context.ts";
import type { GuestRun } from "./guest-run.ts";

type Enter = (context: GuestContext, owner: GuestRun | null, event: number, id: number, answer: CryptoAnswer) => void;

export class GuestCrypto {
  readonly #app: string;
  readonly #enter: Enter;
  readonly #pool: CryptoPool;
  readonly #keys = new SealedKeys();

  /** @param pool that of the worker. @default one of its own */
  constructor(app: string, enter: Enter, pool: CryptoPool = new CryptoPool()) {
    this.#app = app;
    this.#enter = enter;
    this.#pool = pool;
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
    const isTaken = this.#pool.submit(this.#app, {
      job,
      isWanted: () => !context.isReleased && context.inherit(holding),
      deliver: (answer) => {
        if (!context.isReleased && context.inherit(holding)) {
          this.#enter(context, holding.owner, GuestEvent.CRYPTO, id, answer);
        }
      },
    });
    if (isTaken) return undefined;
    if (!job.isLong) return runJob(job);
    return refusalText(
      "QuotaExceededError",
      `Too many operations of this app wait for a thread: at most ${MAX_CRYPTO_QUEUED_PER_APP} may`,
    );
  }
}
