import { describe, expect, it } from "vitest";
import { MAX_TOUCHED_MODULES, parseTouchedModules } from "../src/touched-modules.ts";

describe("what a guest reports as touched modules", () => {
  it("is a list of numbers, each followed by a comma", () => {
    expect(parseTouchedModules("2,18,96,")).toEqual([2, 18, 96]);
    expect(parseTouchedModules("")).toEqual([]);
  });

  it("is an empty list where it is anything else", () => {
    const tooMany = "1,".repeat(MAX_TOUCHED_MODULES + 1);
    for (const report of [undefined, 7, {}, "2,x,", "2,-1,", "1.5,", '2,");globalThis.x=1;(",', "99999,", tooMany]) {
      expect(parseTouchedModules(report)).toEqual([]);
    }
  });
});
