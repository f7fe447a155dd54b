import { expect, test } from "vitest";
import { buildWebApi } from "../build.ts";

test("the same source gives the same script, which the engine's fingerprint rests on", async () => {
  const [first, second, third] = await Promise.all([buildWebApi(), buildWebApi(), buildWebApi()]);
  expect(second).toBe(first);
  expect(third).toBe(first);
});
