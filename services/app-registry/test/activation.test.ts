import type { AppName, VersionId } from "@nano/protocol/brands";
import { type AppRecord, MAX_PREVIOUS_VERSIONS } from "@nano/protocol/records";
import fc from "fast-check";
import { expect, test } from "vitest";
import { askActivation, settleActivation } from "../src/catalog/activation.ts";

function versionOf(number: number): VersionId {
  return `v${number.toString(16).padStart(16, "0")}` as VersionId;
}

test("whatever order builds end in, the app serves the last ask whose build did not fail", () => {
  const asks = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
  const property = fc.property(
    asks.chain((built) =>
      fc.tuple(fc.constant(built), fc.shuffledSubarray([...built.keys()], { minLength: built.length })),
    ),
    ([built, order]) => {
      let app: AppRecord = { kind: "app", name: "shop" as AppName, activeVersion: null };
      for (const number of built.keys()) app = askActivation(app, versionOf(number), false);
      let highest = -1;
      for (const number of order) {
        app = settleActivation(app, versionOf(number), built[number] === true);
        if (built[number] === true) highest = Math.max(highest, number);
        expect(app.activeVersion).toBe(highest === -1 ? null : versionOf(highest));
      }
      expect(app.pending).toEqual([]);
    },
  );
  fc.assert(property);
});

test("a version that is asked for again counts from the last ask", () => {
  let app: AppRecord = { kind: "app", name: "shop" as AppName, activeVersion: null };
  for (const number of [1, 2, 1]) app = askActivation(app, versionOf(number), false);
  expect(app.pending).toEqual([versionOf(2), versionOf(1)]);
  app = settleActivation(app, versionOf(1), true);
  app = settleActivation(app, versionOf(2), true);
  expect(app.activeVersion).toBe(versionOf(1));
});

test("versions that served are remembered newest first, each once, up to a bound", () => {
  let app: AppRecord = { kind: "app", name: "shop" as AppName, activeVersion: null };
  for (const number of [1, 2, 3, 1]) app = askActivation(app, versionOf(number), true);
  expect(app).toMatchObject({ activeVersion: versionOf(1), previous: [versionOf(3), versionOf(2)] });
  for (let number = 10; number < 40; number++) app = askActivation(app, versionOf(number), true);
  expect(app.previous).toHaveLength(MAX_PREVIOUS_VERSIONS);
  expect(app.previous?.[0]).toBe(versionOf(38));
});
