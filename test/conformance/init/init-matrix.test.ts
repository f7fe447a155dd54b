/** What the init matrix is made of; its parts are tested in `init-of-*.test.ts`. */
import { describe, expect, test } from "vitest";
import { reachable, topLevelOf } from "./init-case.ts";
import { abuseSubjects, languageSubjects, platformSubjects } from "./init-subjects.ts";
import { platformGlobals } from "./platform-globals.ts";

const LEAST_CASES = 60;

describe("the matrix", () => {
  const all = [...languageSubjects, ...platformSubjects, ...abuseSubjects].flatMap(({ cases }) => cases);

  test("is wide enough, and names no case twice", () => {
    expect(all.length).toBeGreaterThanOrEqual(LEAST_CASES);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  test("gives a reason to expect for each case that does not reach its heap", () => {
    const unexplained = all.filter((one) => !reachable(one).includes("heap") && one.reason === undefined);
    expect(unexplained.map(({ name }) => name)).toEqual([]);
  });

  test("uses each global of the web-api at a top level", () => {
    const texts = all.map(topLevelOf);
    const unused = platformGlobals().filter((name) => {
      const use = new RegExp(`(?<![.\\w$"'])${name}\\b(?!["':])`);
      return !texts.some((text) => use.test(text));
    });
    expect(unused).toEqual([]);
  });
});
