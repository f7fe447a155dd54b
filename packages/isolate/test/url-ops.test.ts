import { MAX_URL_CHARS, setUrlMember, urlRecord } from "@nano/isolate/url-ops";
import { describe, expect, test } from "vitest";
import { appScript, openIsolate } from "./isolate-harness.ts";

describe("a URL of a guest", () => {
  test("parses up to the limit of its length, and not beyond it", () => {
    const start = "http://a.test/";
    const longest = start + "x".repeat(MAX_URL_CHARS - start.length);
    expect(urlRecord(longest, undefined)).toBe(longest);
    expect(urlRecord(`${longest}x`, undefined)).toBeUndefined();
    expect(urlRecord("y", `${longest}x`)).toBeUndefined();
  });

  test("stays as it is where what is set is longer", () => {
    expect(setUrlMember("http://a.test/", "hash", "x".repeat(MAX_URL_CHARS))).toHaveLength(MAX_URL_CHARS + 15);
    expect(setUrlMember("http://a.test/", "hash", "x".repeat(MAX_URL_CHARS + 1))).toBeUndefined();
    expect(setUrlMember(`http://a.test/${"x".repeat(MAX_URL_CHARS)}`, "hash", "y")).toBeUndefined();
  });
});

describe("a URLPattern", () => {
  test("whose regular expression has no end is ended by the app's CPU limit", async () => {
    const { ask, isolate } = openIsolate(
      appScript(
        `const pattern = new URLPattern({ pathname: "/((?:a+)+)b" });
         return new Response(String(pattern.test({ pathname: "/" + "a".repeat(60) })));`,
      ),
      { limits: { cpuTimeMs: 20 } },
    );
    expect((await ask()).events).toEqual(["fail cpu_limit", "settle"]);
    expect(isolate.end).toBe("cpu_limit");
  });

  test("of any length and depth is made or refused, and leaves the isolate as it was", async () => {
    const { ask, isolate } = openIsolate(
      appScript(
        `const outcomeOf = (pathname) => {
           try { return typeof new URLPattern({ pathname }).pathname; } catch (error) { return error.name; }
         };
         const deep = "(?:".repeat(100_000);
         return Response.json([
           outcomeOf("/" + "x".repeat(100_000)),
           outcomeOf("/(" + deep + "x" + ")".repeat(100_000) + ")"),
           outcomeOf("/(" + deep),
           outcomeOf("{x}?".repeat(10_000)),
           outcomeOf(Array.from({ length: 5_000 }, (_, i) => "/:n" + i).join("")),
         ]);`,
      ),
      { limits: { cpuTimeMs: 5_000, timeoutMs: 10_000 } },
    );
    const { text } = await ask();
    expect(JSON.parse(text)).toEqual(["string", "string", "TypeError", "string", "string"]);
    expect(isolate.end).toBeNull();
  });
});
