import { expect, test } from "vitest";
import { decodeSupervisorQuestion, encodeOwnWorkerQuestion } from "../src/messages.ts";
import { parseStoreRecord } from "../src/record-schema.ts";

const VERSION = `v${"0".repeat(16)}`;
const NODE = {
  kind: "node",
  id: "n1",
  engine: "0".repeat(32),
  supervisor: { address: "/run/supervisor.sock", credential: "c" },
  workers: [{ id: "w1", address: "/run/w1.sock", credential: "c" }],
  draining: false,
};

test("a node's record of a build that knows neither quarantine nor cordon parses, and so does one of a build that says more", () => {
  expect(parseStoreRecord(NODE)).toEqual(NODE);
  const newer = {
    ...NODE,
    quarantined: { [VERSION]: { app: "shop", at: "2026-11-23T06:00:00.000Z", more: 1 } },
    cordon: { workers: ["w1"], apps: ["shop"], more: 1 },
  };
  expect(parseStoreRecord(newer)).toEqual(newer);
});

test("what is no quarantine or no cordon is no record", () => {
  for (const bad of [
    { quarantined: { shop: { app: "shop", at: "" } } },
    { quarantined: { [VERSION]: { app: "../shop", at: "" } } },
    { cordon: { workers: ["w1"], apps: ["../shop"] } },
  ]) {
    expect(() => parseStoreRecord({ ...NODE, ...bad })).toThrow();
  }
});

test("a supervisor is asked for a version's own worker by a question of its own", () => {
  const question = { versionId: VERSION as never };
  expect(decodeSupervisorQuestion(encodeOwnWorkerQuestion(question))).toEqual({ type: "own_worker", ...question });
});
