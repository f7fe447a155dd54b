import { expect, test } from "vitest";
import { PLANNED_SETTINGS, SERVICES } from "./service-facts.ts";

test("a setting that exists is planned no more", () => {
  const existing = new Set([...SERVICES.values()].flatMap(({ fields }) => [...fields.keys()]));
  expect(
    PLANNED_SETTINGS.filter((name) => existing.has(name)),
    "take these out of PLANNED_SETTINGS",
  ).toEqual([]);
});
