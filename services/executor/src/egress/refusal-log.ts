/**
 * Tells the operator's log which app was refused by which rule of addresses, and which setting would allow it. The app hears the rule alone.
 *
 * I1 Once for each app and rule, and for so many of them: what apps ask for does not fill a log. How often is counted with the fetches.
 */
import type { NanoError } from "@nano/protocol/errors";
import type { LinkedLog } from "../linked/linked-messages.ts";
import { egressErrors } from "./errors.ts";

/** Apps and rules that are told in the life of the process. */
const MAX_TOLD_COUNT = 1_000;
/** Longest name of DNS: what is longer comes from nowhere. */
const MAX_HOST_CHARS = 253;

export class RefusalLog {
  readonly #report: (report: LinkedLog) => void;
  readonly #told = new Set<string>();

  constructor(report: (report: LinkedLog) => void) {
    this.#report = report;
  }

  /** @param error any end of a fetch */
  note(app: string, error: NanoError): void {
    if (error.code !== egressErrors.ADDRESS_REFUSED.code || this.#told.size >= MAX_TOLD_COUNT) return;
    const { host, rule } = error.wire.details;
    const key = `${app} ${rule}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#report({
      type: "log",
      level: "warn",
      msg: "an app may not fetch from this address: EXECUTOR_EGRESS_ALLOWED_RANGES allows ranges",
      fields: { app, host: String(host).slice(0, MAX_HOST_CHARS), rule, setting: "egress.allowedRanges" },
    });
  }
}
