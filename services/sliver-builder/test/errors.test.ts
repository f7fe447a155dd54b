import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errors } from "../src/errors.ts";

it("README lists exactly the codes that exist", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const listed = [...readme.matchAll(/^\| `(BUILD_[A-Z_]+)` +\|/gm)].map((match) => match[1]);
  const existing = Object.values(errors).map((create) => create.code);
  expect(listed.sort()).toEqual(existing.sort());
});
