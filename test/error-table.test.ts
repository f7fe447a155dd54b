import { readFileSync } from "node:fs";
import { fromWireError, toWireError } from "@nano/protocol/errors";
import { describe, expect, test } from "vitest";
import { collectErrorRows } from "./error-table.ts";
import { normalizeTable, readBlock, renderBlocks } from "./readme-blocks.ts";

const rows = await collectErrorRows();

const blocks = await renderBlocks();

test.each(Object.keys(blocks))("README has its table of %s as the code has it (npm run readme)", (name) => {
  expect(readBlock(name)).toBe(normalizeTable(blocks[name] ?? ""));
});

describe("the error codes of all packages and services", () => {
  test("are each defined once", () => {
    const codes = rows.map((row) => row.code);
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
    expect(codes.length).toBeGreaterThan(50);
  });

  test.each(rows)("$code has a reason of one lower-case word and a status that fits its fault", ({ definition }) => {
    const { reason, httpStatus, fault } = definition;
    expect(reason).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(httpStatus).toBeGreaterThanOrEqual(400);
    expect(httpStatus).toBeLessThan(600);
    // 501 and 505: what the caller asks for is not there.
    if (fault === "caller" && httpStatus !== 501 && httpStatus !== 505) expect(httpStatus).toBeLessThan(500);
  });

  test("survive the way through a wire, each with all that it says", () => {
    for (const { code, definition } of rows) {
      const { fault, retryable, httpStatus, reason } = definition;
      const wire = { code, message: "m", fault, retryable, httpStatus, reason, details: { a: 1 } };
      expect(toWireError(fromWireError(JSON.parse(JSON.stringify(wire))))).toEqual(wire);
    }
  });

  test("that clients are told about in README's first table exist with that status", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const section = readme.split("## What bad input gets")[1]?.split("\n## ")[0] ?? "";
    const told = [...section.matchAll(/\| (\d{3}) +\| `([a-z_]+)` +\|/g)].map(
      ([, status, reason]) => `${status} ${reason}`,
    );
    // The router's parser answers these on the bare socket, before there is a request.
    const known = new Set(["408 request_timeout", "431 headers_too_large"]);
    for (const { definition } of rows) known.add(`${definition.httpStatus} ${definition.reason}`);
    expect(told.length).toBeGreaterThan(8);
    expect(told.filter((each) => !known.has(each))).toEqual([]);
  });
});
