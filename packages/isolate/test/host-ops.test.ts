import { HostOp, LEGACY_TEXT_BYTES } from "@nano/web-api/boundary";
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
    expect(decode("windows-1252", [0xfc, 0x80])).toBe("ü€");
    expect(decode("shift_jis", [0x93, 0xfa, 0x96])).toBe("日\ufffd");
    expect(decode("shift_jis", [0x93], FATAL)).toBeUndefined();
    expect(decode("utf-8", [0xff])).toBe("\ufffd");
    expect(decode("utf-8", [0xff], FATAL)).toBeUndefined();
    expect(decode("utf-8", [0xef, 0xbb, 0xbf, 65])).toBe("A");
    expect(decode("utf-8", [0xef, 0xbb, 0xbf, 65], IGNORE_BOM)).toBe("\ufeffA");
    for (const name of ["no such encoding", "latin1", "replacement", "__proto__", "constructor", "../utf8.js", ""]) {
      expect(decode(name, [65])).toBeNull();
    }
    expect(decode(5, [])).toBeUndefined();
    expect(decode("utf-8", [], "1")).toBeUndefined();
  });

  test("decodes of a legacy encoding so much at once and no more, and keeps nothing for the next", () => {
    const most = new Uint8Array(LEGACY_TEXT_BYTES).fill(0x93);
    expect(runPureOp(HostOp.TEXT_DECODE, "shift_jis", most.buffer, 0)).toHaveLength(LEGACY_TEXT_BYTES / 2);
    const more = new ArrayBuffer(LEGACY_TEXT_BYTES + 1);
    for (const name of ["shift_jis", "iso-2022-jp", "windows-1252"]) {
      expect(runPureOp(HostOp.TEXT_DECODE, name, more, 0)).toBeUndefined();
    }
    expect(decode("iso-2022-jp", [0x1b, 0x24, 0x42, 0x46])).toBe("\ufffd");
    expect(decode("iso-2022-jp", [0x46, 0x7c])).toBe("F|");
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
