import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errors } from "../src/errors.ts";

test("README lists exactly the codes that exist", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const listed = [...readme.matchAll(/^\| `(KIT_[A-Z_]+)`/gm)].map(([, code]) => code);
  expect(listed.sort()).toEqual(
    Object.values(errors)
      .map(({ code }) => code)
      .sort(),
  );
});
