/** What an app is asked, with what it has to answer. */
import { expect } from "vitest";
import type { Answer, AskOptions } from "./http-answer.ts";

export interface Question extends AskOptions {
  readonly path: string;
  /** @default 200 */
  readonly status?: number;
  /** Of the answer's headers. */
  readonly has?: Readonly<Record<string, unknown>>;
  /** The body: as JSON where it is an object. */
  readonly answers?: string | RegExp | object;
}

export function expectAnswer(answer: Answer, { status = 200, has = {}, answers }: Question): void {
  expect(answer).toMatchObject({ status, headers: has });
  if (typeof answers === "string") expect(answer.text).toBe(answers);
  else if (answers instanceof RegExp) expect(answer.text).toMatch(answers);
  else if (answers !== undefined) expect(JSON.parse(answer.text)).toEqual(answers);
}
