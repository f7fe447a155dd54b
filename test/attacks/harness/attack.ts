/** One attack of the corpus: what it tries, how it arrives, what must become of it, and how it is seen that it attacks at all. */

import type { Fixture } from "../../support/fixtures.ts";
import type { Answer, AskOptions, NanoProcess } from "../../support/nano-process.ts";
import type { RawWebSocket } from "../../support/raw-websocket.ts";

/** The hostile app. */
export interface Tenant {
  /** Its module, whose default export has `fetch`. */
  readonly source: string;
  /** Of its entry in the config file. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Its top level, or what becomes of its app, is for no other attack. @default one app for all of a group that have the same settings */
  readonly isAlone?: boolean;
  /** It answers by upgrading, and this is sent to its connection. @default it is asked by a request */
  readonly message?: string;
}

/** How one arrival ended. */
export interface Outcome {
  readonly isContained: boolean;
  /** The status and `x-nano-error`, or what became of it, in few words. */
  readonly what: string;
}

/** What an arrival is aimed at: a whole NANO, and in it the app of the attack. */
export interface AttackTarget {
  readonly nano: NanoProcess;
  readonly fixture: Fixture;
  /** Of the attack's app. */
  readonly host: string;
  /** Path of the attack's app. */
  readonly path: string;
  /** How many connections an attack opens that opens as many as it can. */
  readonly connectionCount: number;
  /** Time limits that nobody can set are not waited for, only that all goes on meanwhile. @default false */
  readonly isShort?: boolean;
  /** Asks the attack's app. @param query of the attack's URL, "?step=1" */
  ask(query?: string, options?: AskOptions): Promise<Answer>;
  /** Asks the attack's app for a WebSocket. */
  upgrade(query?: string): Promise<RawWebSocket>;
  /** Asks the attack's victim. */
  askVictim(query?: string, options?: AskOptions): Promise<Answer>;
}

export interface Attack {
  /** A sentence. */
  readonly tries: string;
  readonly tenant?: Tenant;
  /** Another owner's app that it is aimed at. */
  readonly victim?: Tenant;
  /** What it does to the process that it runs in, whatever is done. @default nothing */
  readonly harm?: "kills" | "hangs";
  /** It is contained by a time that is long. @default by none */
  readonly isLong?: boolean;
  /** One arrival. */
  strike(target: AttackTarget): Promise<Outcome>;
  /** Runs it where its defence is missing. Answers what is seen then; null: nothing, it is no attack. */
  undefended(): Promise<string | null>;
}

export function describeAnswer({ status, headers }: Answer): string {
  const reason = headers["x-nano-error"];
  return reason === undefined ? String(status) : `${status} ${String(reason)}`;
}

/** An arrival that asks the app once, and is contained where it is answered by one of these: "503 cpu_limit". */
export function endsAs(...expected: readonly string[]): Attack["strike"] {
  return async ({ ask }) => {
    const what = describeAnswer(await ask());
    return { isContained: expected.includes(what), what };
  };
}

/** An arrival that asks the app once, and is contained where it answers 200 with this text: what it tried did not come about. */
export function answersText(expected: string | RegExp, query = ""): Attack["strike"] {
  return async ({ ask }) => judgeText(await ask(query), expected);
}

export function judgeText(answer: Answer, expected: string | RegExp): Outcome {
  const isRight = typeof expected === "string" ? answer.text === expected : expected.test(answer.text);
  const what = `${describeAnswer(answer)} ${answer.text.slice(0, 80).replaceAll(/\s+/g, " ")}`.trimEnd();
  return { isContained: answer.status === 200 && isRight, what };
}

/** Arrivals while one is under way are a part of it: for what is told by counts of the whole NANO, or takes all that there is. */
export function joined(strike: Attack["strike"]): Attack["strike"] {
  let underWay: Promise<Outcome> | null = null;
  return (target) => {
    underWay ??= strike(target).finally(() => {
      underWay = null;
    });
    return underWay;
  };
}

/** One arrival after the other. */
export function inTurn(strike: Attack["strike"]): Attack["strike"] {
  let last: Promise<unknown> = Promise.resolve();
  return (target) => {
    const outcome = last.then(() => strike(target));
    last = outcome.catch(() => undefined);
    return outcome;
  };
}
