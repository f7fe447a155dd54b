import { expect, test } from "vitest";
import { parseCacheCommand } from "../src/cache-command.ts";

const RESPONSE = { status: 200, statusText: "", headers: "", url: "", isRedirected: false, hasBody: true };
const parse = (value: unknown) => parseCacheCommand(JSON.stringify(value));

test("reads what is known, and drops the rest", () => {
  expect(parse({ operation: "match", cache: "a", ignoreSearch: true, response: RESPONSE, path: "/etc" })).toEqual({
    operation: "match",
    cache: "a",
    ignoreSearch: true,
    ignoreVary: false,
    entry: null,
    isAll: false,
    response: null,
  });
  expect(parse({ operation: "put", cache: null, response: { ...RESPONSE, more: 1 } })?.response).toEqual(RESPONSE);
});

test.each([
  ["no text", 5],
  ["no JSON", "{"],
  ["null", "null"],
  ["a list", "[]"],
  ["an operation that is none", '{"operation":"evict"}'],
  ["an inherited operation", '{"operation":"constructor"}'],
  ["a name that is no text", '{"operation":"open","cache":{}}'],
  ["a name that is too long", JSON.stringify({ operation: "open", cache: "x".repeat(257) })],
  ["an entry that is too long", JSON.stringify({ operation: "match", entry: "x".repeat(65) })],
  ["a put of nothing", '{"operation":"put"}'],
  ["a status that is none", JSON.stringify({ operation: "put", response: { ...RESPONSE, status: 99 } })],
  ["headers that are no text", JSON.stringify({ operation: "put", response: { ...RESPONSE, headers: [] } })],
  ["a long status text", JSON.stringify({ operation: "put", response: { ...RESPONSE, statusText: "x".repeat(257) } })],
  ["a status text of two lines", JSON.stringify({ operation: "put", response: { ...RESPONSE, statusText: "a\nb" } })],
  ["a long URL", JSON.stringify({ operation: "put", response: { ...RESPONSE, url: "x".repeat(65_537) } })],
  ["a URL that is none", JSON.stringify({ operation: "put", response: { ...RESPONSE, url: "http://\u0100/" } })],
  ["too much", JSON.stringify({ operation: "names", more: "x".repeat(300_000) })],
])("%s is no command", (_, text) => {
  expect(parseCacheCommand(text)).toBeUndefined();
});
