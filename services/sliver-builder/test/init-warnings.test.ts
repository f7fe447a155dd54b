import type { InitNote } from "@nano/isolate/init-host";
import { expect, it } from "vitest";
import { initWarnings } from "../src/build/init-warnings.ts";

/** The first line of the script is the app's, the second a package's. */
const options = {
  sourceMap: JSON.stringify({
    version: 3,
    sources: ["main.ts", "node_modules/util/util.js"],
    sourcesContent: ["a", "b"],
    names: [],
    mappings: "AAAA;ACAA",
  }),
  isKept: true,
};

function lookup(what: string, line: number): InitNote {
  return { kind: "env", what, stack: `Error\n    at app.js:${line}:1` };
}

it("absent names that the app's own code reads are told one by one, with their lines", () => {
  expect(initWarnings([lookup("A", 1), lookup("B", 1)], options)).toEqual([
    expect.stringMatching(/^main\.ts:1:1: process\.env\.A is absent/),
    expect.stringMatching(/^main\.ts:1:1: process\.env\.B is absent/),
  ]);
});

it("those that packages alone look for are told once, in short", () => {
  const [own, packages, ...rest] = initWarnings([lookup("URL", 2), lookup("A", 1), lookup("KEY", 2)], options);
  expect(own).toMatch(/^main\.ts:1:1: process\.env\.A is absent/);
  expect(packages).toMatch(/^Packages looked for URL, KEY in process\.env at the top level/);
  expect(rest).toEqual([]);
});

it("switches of what packages print are not told, unless the app's own code reads them", () => {
  expect(initWarnings([lookup("NODE_DEBUG", 2), lookup("NO_COLOR", 2)], options)).toEqual([]);
  expect(initWarnings([lookup("DEBUG", 1)], options)).toHaveLength(1);
});

it("however many there are, in one short sentence", () => {
  const notes = Array.from({ length: 60 }, (_, i) => lookup(`NAME_${i}`, 2));
  const [text = "", ...rest] = initWarnings(notes, options);
  expect(text).toMatch(/NAME_7 and 52 more/);
  expect(text.length).toBeLessThan(250);
  expect(rest).toEqual([]);
});
