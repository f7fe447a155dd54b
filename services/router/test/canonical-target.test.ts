import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type CanonicalTarget,
  canonicalHost,
  canonicalPath,
  TargetCanonicalizer,
} from "../src/request/canonical-target.ts";

const targets = new TargetCanonicalizer("http");

function canonical(target: string, host = "app.example"): CanonicalTarget {
  const result = targets.canonicalize(target, host);
  if ("refused" in result) throw new Error(result.refused);
  return result;
}

/** What the URL standard alone makes of it. */
function parsed(target: string, authority = "app.example"): { path: string; url: string } {
  const url = new URL(`http://${authority}${target}`);
  return { path: url.pathname, url: url.href };
}

const pathCharacter = fc.constantFrom(..."aZ09-_~!$&()*+,;=:@./%?'\"<>{}|^`[]\\é\u0080\u00ff".split(""));
const escapes = fc.constantFrom(
  "%2e",
  "%2E",
  "%61",
  "%2f",
  "%2F",
  "%c3%a9",
  "%25",
  "%%",
  "%zz",
  "..",
  "/../",
  "//",
  "/./",
  "%252e",
  "%00",
);
const anyTarget = fc
  .array(fc.oneof({ weight: 3, arbitrary: pathCharacter }, escapes), { maxLength: 30 })
  .map((parts) => `/${parts.join("")}`);

test("router and app see the same path: the URL is a fixed point of the parser and its pathname is what was routed", () => {
  fc.assert(
    fc.property(anyTarget, (target) => {
      const result = canonical(target);
      const seenByApp = new URL(result.url);
      expect(seenByApp.href).toBe(result.url);
      expect(seenByApp.pathname).toBe(result.path);
      expect(result.path.startsWith("/")).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("the canonical form of a canonical form is itself", () => {
  fc.assert(
    fc.property(anyTarget, (target) => {
      const once = canonical(target);
      const again = canonical(once.url.slice("http://app.example".length));
      expect(again).toEqual(once);
    }),
    { numRuns: 2000 },
  );
});

test("no canonical path has a dot segment, an escaped dot or an escaped letter, whatever came", () => {
  fc.assert(
    fc.property(anyTarget, (target) => {
      const { path } = canonical(target);
      expect(path).not.toMatch(/\/\.{1,2}(?:\/|$)/);
      expect(path).not.toMatch(/%(?:2[EeDd]|61|5[Ff])/);
      expect(path).not.toMatch(/%(?![0-9A-F]{2})/);
    }),
    { numRuns: 2000 },
  );
});

test("the fast path gives what the URL parser gives", () => {
  const plain = fc
    .array(fc.constantFrom(..."aZ09-_~!$&()*+,;=:@./".split("")), { maxLength: 20 })
    .map((parts) => `/${parts.join("")}`);
  const query = fc
    .array(fc.constantFrom(..."aZ09-_~!$&()*+,;=:@./?%".split("")), { maxLength: 20 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(plain, fc.option(query), (path, search) => {
      const target = search === null ? path : `${path}?${search}`;
      expect(canonical(target)).toMatchObject(parsed(target));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["/", "/"],
  ["/a/../b", "/b"],
  ["/a/%2e%2E/b", "/b"],
  ["/../../etc/passwd", "/etc/passwd"],
  ["//a//b", "//a//b"],
  ["//other.example/x", "//other.example/x"],
  ["/a\\b", "/a/b"],
  ["/%61pi/%7euser", "/api/~user"],
  ["/a%2fb", "/a%2Fb"],
  ["/100%", "/100%25"],
  ["/%%361", "/%2561"],
  ["/caf\u00c3\u00a9", "/caf%C3%A9"],
  ["/caf%c3%a9", "/caf%C3%A9"],
  ["http://app.example/x/../y", "/y"],
  ["HTTP://APP.example", "/"],
])("%s is seen as %s", (target, path) => {
  expect(canonical(target).path).toBe(path);
});

test("the query reaches the app as the parser writes it, and is never part of the path", () => {
  expect(canonical("/a?b=../c&d=%2e").url).toBe("http://app.example/a?b=../c&d=%2e");
  expect(canonical("/a?x='\u00c3\u00a9").url).toBe("http://app.example/a?x=%27%C3%A9");
  expect(canonical("/a?").path).toBe("/a");
});

test.each([
  ["APP.Example", "app.example", "app.example"],
  ["app.example:80", "app.example", "app.example"],
  ["app.example:8080", "app.example", "app.example:8080"],
  ["app.example.", "app.example", "app.example."],
  ["app.example.:8080", "app.example", "app.example.:8080"],
  ["[::1]:8080", "[::1]", "[::1]:8080"],
  ["[0:0:0:0:0:0:0:1]", "[::1]", "[::1]"],
  ["127.1", "127.0.0.1", "127.0.0.1"],
  ["0x7f.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080"],
  ["b\u00c3\u00bccher.example", "xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["XN--BCHER-KVA.example", "xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["%61pp.example", "app.example", "app.example"],
])("host %s is routed as %s and addressed as %s", (raw, host, authority) => {
  expect(canonical("/", raw)).toMatchObject({ host, authority, url: `http://${authority}/` });
});

test.each([
  "",
  " ",
  "a b",
  "user@app.example",
  "app.example/x",
  "app.example?x",
  "app.example#x",
  "app.example:99999",
  "app.example:x",
  "[::1",
  "a\\b",
  ".",
])("host %j is refused", (host) => {
  expect(targets.canonicalize("/", host)).toHaveProperty("refused");
});

test.each([
  "*",
  "",
  "app.example:443",
  "ftp://app.example/",
  "http:///x",
  "http://user@app.example/",
  "/a#b",
  "/a\tb",
  "http://app.example/#b",
])("target %j is refused", (target) => {
  expect(targets.canonicalize(target, "app.example")).toHaveProperty("refused");
});

test("an absolute target overrules the Host header, which must be a host all the same", () => {
  expect(canonical("http://other.example:81/x?y", "app.example")).toEqual({
    host: "other.example",
    authority: "other.example:81",
    path: "/x",
    url: "http://other.example:81/x?y",
  });
  expect(targets.canonicalize("http://other.example/", "not a host")).toHaveProperty("refused");
});

test("behind TLS the URL says so, with that scheme's port", () => {
  const secure = new TargetCanonicalizer("https");
  expect(secure.canonicalize("/x", "app.example:443")).toMatchObject({ url: "https://app.example/x" });
  expect(secure.canonicalize("/x", "app.example:80")).toMatchObject({ url: "https://app.example:80/x" });
});

test("hosts are remembered within a bound", () => {
  for (let count = 0; count < 20_000; count += 1)
    expect(canonical("/", `h${count}.example`).host).toBe(`h${count}.example`);
  expect(canonical("/", "h1.example").host).toBe("h1.example");
});

test("hosts and paths of routes take the form that requests have", () => {
  expect(canonicalHost("B\u00fccher.Example.")).toBe("xn--bcher-kva.example");
  expect(canonicalHost("a b")).toBeNull();
  expect(canonicalPath("/caf\u00e9")).toBe(canonical("/caf\u00c3\u00a9").path);
  expect(canonicalPath("/%61pi")).toBe("/api");
  expect(canonicalPath("api")).toBeNull();
});
