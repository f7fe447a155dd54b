import { HostOp } from "@nano/web-api/boundary";
import { describe, expect, test } from "vitest";
import { ownBuffer, runPureOp } from "../src/host-ops.ts";

const FATAL = 1;
const IGNORE_BOM = 2;

function decode(label: unknown, bytes: readonly number[], flags: unknown = 0): unknown {
  return runPureOp(HostOp.TEXT_DECODE, label, Uint8Array.from(bytes).buffer, flags);
}

describe("URLs", () => {
  test("parse as the standard says, against a base where there is one", () => {
    expect(runPureOp(HostOp.URL_PARSE, "../x?y#z", "http://EXAMPLE.test:80/a/b/c", undefined)).toBe(
      "http://example.test/a/x?y#z",
    );
    expect(runPureOp(HostOp.URL_PARSE, "http://bücher.test/ü", undefined, undefined)).toBe(
      "http://xn--bcher-kva.test/%C3%BC",
    );
    expect(runPureOp(HostOp.URL_PARSE, "/x", undefined, undefined)).toBeUndefined();
    expect(runPureOp(HostOp.URL_PARSE, "http://[", undefined, undefined)).toBeUndefined();
    expect(runPureOp(HostOp.URL_PARSE, "x", 5, undefined)).toBeUndefined();
  });

  test("members are set as the standard says, and only those that a URL has", () => {
    expect(runPureOp(HostOp.URL_SET, "http://a.test/", "host", "b.test:8080")).toBe("http://b.test:8080/");
    expect(runPureOp(HostOp.URL_SET, "http://a.test/", "port", "99999")).toBe("http://a.test/");
    for (const member of ["__proto__", "constructor", "toString", "origin", "searchParams", ""]) {
      expect(runPureOp(HostOp.URL_SET, "http://a.test/", member, "x")).toBeUndefined();
    }
  });
});

describe("text", () => {
  test("decodes by label, replacing or refusing what is malformed", () => {
    expect(decode("utf-8", [0xc3, 0xbc])).toBe("ü");
    expect(decode("latin1", [0xfc, 0x80])).toBe("ü€");
    expect(decode("utf-8", [0xff])).toBe("\ufffd");
    expect(decode("utf-8", [0xff], FATAL)).toBeUndefined();
    expect(decode("utf-8", [0xef, 0xbb, 0xbf, 65])).toBe("A");
    expect(decode("utf-8", [0xef, 0xbb, 0xbf, 65], IGNORE_BOM)).toBe("\ufeffA");
    expect(decode("no such label", [])).toBeNull();
    expect(decode(5, [])).toBeUndefined();
    expect(decode("utf-8", [], "1")).toBeUndefined();
  });

  test("encodes as UTF-8", () => {
    expect(Buffer.from(runPureOp(HostOp.TEXT_ENCODE, "ü€\ud800", 0, 0) as ArrayBuffer).toString("hex")).toBe(
      "c3bce282acefbfbd",
    );
    expect(runPureOp(HostOp.TEXT_ENCODE, 5, 0, 0)).toBeUndefined();
  });
});

test("no guest is told the time: each has a clock of its own, which stands still while it runs", () => {
  expect(runPureOp(HostOp.NOW, 0, 0, 0)).toBeUndefined();
});

test("identifiers are random and well-formed", () => {
  const ids = Array.from({ length: 100 }, () => runPureOp(HostOp.RANDOM_UUID, 0, 0, 0));
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a buffer of its own is handed on, a view of a shared one is copied", () => {
  const own = new Uint8Array([1, 2, 3]);
  expect(ownBuffer(own)).toBe(own.buffer);
  const pooled = Buffer.from("secret,mine").subarray(7);
  const copy = ownBuffer(pooled);
  expect(Buffer.from(copy).toString()).toBe("mine");
  expect(copy.byteLength).toBe(4);
});
