import { expect, test } from "vitest";
import { z } from "zod";
import { formatProblems, listProblems, parseJsonText, showValue } from "../src/input-problems.ts";

const schema = z.strictObject({ a: z.number(), b: z.strictObject({ c: z.number(), d: z.number() }), e: z.number() });

test("problems come in the order of the text, what is missing last", () => {
  const value = { x: 1, b: { d: "1", y: 2 }, a: "1" };
  const { error } = schema.safeParse(value);
  expect(listProblems(error as z.ZodError, value).map(({ place }) => place)).toEqual([
    "x",
    "b.d",
    "b.y",
    "b.c",
    "a",
    "e",
  ]);
});

test("lists and objects are shown by their kind, whatever is in them", () => {
  expect([[1], {}, null, "a", 1, undefined].map((value) => showValue(value))).toEqual([
    "a list",
    "an object",
    "null",
    '"a"',
    "1",
    "nothing",
  ]);
});

test.each([
  ['{"a":s}', 6],
  ['{"a":"secret",}', 15],
  ['{"a":"secret', 13],
  ["[1 2]", 4],
  ["", 1],
  ["nul", 4],
  ["nil", 2],
  ['["\\u12"]', 7],
  ['{"a":1}x', 8],
  ["[1.]", 4],
  ["[-]", 3],
  ['{"a": tru}', 10],
])("text that is no JSON is told by its place alone: %s", (text, column) => {
  const expected = { place: "(file)", found: `what is no JSON at line 1, column ${column}`, expected: "JSON" };
  expect(parseJsonText(text)).toMatchObject({ problem: expected });
});

test.each([
  ['{"port": 80,,', '1 | {"port": ··,,\n  |             ^'],
  [
    '{\n  "env_vars": { "KEY": "hu,sh" "B": true }\n}',
    '2 |   "env_vars": { "KEY": "··,··" "·": true }\n  |                                ^',
  ],
  ['{"KEY": hush}', '1 | {"KEY": ····}\n  |         ^'],
  ['{"KEY: "hush": 1}', '1 | {"···: "····": ·}\n  |         ^'],
])("its line is shown without values: %s", (text, excerpt) => {
  const result = parseJsonText(text);
  expect("problem" in result && result.problem.excerpt).toBe(excerpt);
});

test("text that is JSON gives its value", () => {
  expect(parseJsonText(' {"a": [1, null]}\n')).toEqual({ value: { a: [1, null] } });
});

test("an excerpt is printed below its problem", () => {
  const problem = { place: "(file)", found: "a", expected: "b", excerpt: "1 | {,\n  |  ^" };
  expect(formatProblems([problem, { place: "c", found: "d", expected: "e" }])).toBe(
    "  (file): found a, expected b\n    1 | {,\n      |  ^\n  c: found d, expected e",
  );
});
