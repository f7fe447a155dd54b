import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { listAreas, listSurprises } from "./run-cases.ts";

describe("the cases", () => {
  test.each(listAreas())("of %s have a file of tests that runs them", (area) => {
    expect(existsSync(new URL(`${area}.test.ts`, import.meta.url))).toBe(true);
  });

  test("are compared with what is expected of them", () => {
    const tests = [
      { name: "holds", failure: null },
      { name: "fails", failure: "Error: so" },
      { name: "fails as listed", failure: "Error: so" },
      { name: "holds, though listed", failure: null },
    ];
    const expectedFailures = { "fails as listed": "why", "holds, though listed": "why", gone: "why" };
    expect(listSurprises({ name: "Thing", isData: false, tests, expectedFailures })).toEqual([
      "fails: Error: so",
      "holds, though listed: holds, and is listed as failing",
      "gone: listed as failing, and there is no such test",
    ]);
  });
});
