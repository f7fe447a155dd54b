import { readFileSync } from "node:fs";
import { replaceConfigTable } from "@nano/service-kit/config-text";
import { expect, test } from "vitest";
import { routerConfig } from "../src/config.ts";
import { errors } from "../src/errors.ts";

/** Tables without what a formatter does to line their columns up. */
function unaligned(text: string): string {
  return text.replace(/ +/g, " ").replace(/\| ?-+ ?(?=\|)/g, "|---");
}

const readme = unaligned(readFileSync(new URL("../README.md", import.meta.url), "utf8"));

test("README lists exactly the error codes that exist, with their status and reason", () => {
  const listed = [...readme.matchAll(/^\| `(ROUTER_\w+)` \| (\d+) \| `(\w+)` \|$/gm)].map(
    ([, code, status, reason]) => ({
      code,
      status: Number(status),
      reason,
    }),
  );
  const existing = Object.values(errors).map(({ code, definition }) => ({
    code,
    status: definition.httpStatus,
    reason: definition.reason,
  }));
  expect(listed).toEqual(existing);
});

test("README shows the configuration as it is", () => {
  expect(unaligned(replaceConfigTable(readme, routerConfig))).toBe(readme);
});
