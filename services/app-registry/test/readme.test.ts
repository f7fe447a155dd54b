import { readFileSync } from "node:fs";
import { findConfigTableDrift } from "@nano/service-kit/config-text";
import { expect, test } from "vitest";
import { registryConfig } from "../src/config.ts";
import { errors } from "../src/errors.ts";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("README lists exactly the codes that exist, with their status", () => {
  const listed = [...README.matchAll(/^\| `(REGISTRY_[A-Z_]+)`\s+\| (\d+)/gm)].map(
    ([, code, status]) => `${code} ${status}`,
  );
  const existing = Object.values(errors).map(({ code, definition }) => `${code} ${definition.httpStatus}`);
  expect(listed.sort()).toEqual(existing.sort());
});

test("README has the current table of settings (--print-config-table)", () => {
  expect(findConfigTableDrift(README, registryConfig)).toBeNull();
});
