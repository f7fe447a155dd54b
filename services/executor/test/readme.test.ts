import { readFileSync } from "node:fs";
import { findConfigTableDrift } from "@nano/service-kit/config-text";
import { expect, test } from "vitest";
import { config } from "../src/config.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("README has the current table of settings (--print-config-table)", () => {
  expect(findConfigTableDrift(readme, config)).toBeNull();
});
