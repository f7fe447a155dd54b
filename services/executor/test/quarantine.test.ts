import type { AppName, EngineFingerprint, NodeId, VersionId } from "@nano/protocol/brands";
import type { AppRecord, NodeRecord, QuarantinedVersion, StoreChange } from "@nano/protocol/records";
import { recordKey } from "@nano/protocol/records";
import { expect, test } from "vitest";
import {
  FORGIVEN_AFTER_MS,
  MAX_BLAMED_VERSIONS,
  QUARANTINED_AFTER_DEATHS,
  Quarantine,
} from "../src/control/quarantine.ts";
import { nextVersionId } from "./sliver-fixture.ts";

const APP = "killer" as AppName;
const START_MS = Date.parse("2026-11-23T06:00:00.000Z");

function open() {
  const clock = { nowMs: START_MS };
  const changes: string[] = [];
  const lifts: string[] = [];
  const quarantine = new Quarantine({
    nowMs: () => clock.nowMs,
    onLift: (app) => lifts.push(app),
    onChange: (change, versionId) => changes.push(`${change} ${versionId}`),
  });
  const quarantineOne = (versionId = nextVersionId()): VersionId => {
    for (let death = 0; death < QUARANTINED_AFTER_DEATHS; death++) quarantine.blame(versionId, APP);
    return versionId;
  };
  return { clock, changes, lifts, quarantine, quarantineOne };
}

function node(quarantined: Record<VersionId, QuarantinedVersion>): StoreChange {
  const record: NodeRecord = {
    kind: "node",
    id: "node-2" as NodeId,
    engine: "0".repeat(32) as EngineFingerprint,
    supervisor: { address: "", credential: "" },
    workers: [],
    draining: false,
    quarantined,
  };
  return { key: recordKey(record), record };
}

function lift(quarantineLiftedAt: string, name = APP): StoreChange {
  const record: AppRecord = { kind: "app", name, activeVersion: null, quarantineLiftedAt };
  return { key: recordKey(record), record };
}

function at(ms: number): string {
  return new Date(ms).toISOString();
}

test("a version is in quarantine from its second death on, and named with when that was", () => {
  const { quarantine, changes, clock } = open();
  const versionId = nextVersionId();
  quarantine.blame(versionId, APP);
  expect(quarantine.has(versionId)).toBe(false);
  expect(quarantine.named).toEqual({});
  clock.nowMs += 60_000;
  quarantine.blame(versionId, APP);
  expect(changes).toEqual([`quarantined ${versionId}`]);
  expect(quarantine.named).toEqual({ [versionId]: { app: APP, at: at(START_MS + 60_000) } });
});

test("deaths that are longer apart than what is forgiven lead nowhere", () => {
  const { quarantine, clock } = open();
  const versionId = nextVersionId();
  quarantine.blame(versionId, APP);
  clock.nowMs += FORGIVEN_AFTER_MS;
  quarantine.sweep();
  quarantine.blame(versionId, APP);
  expect(quarantine.has(versionId)).toBe(false);
});

test("each death in a worker of its own makes the wait for the next longer, up to a minute", () => {
  const { quarantine, quarantineOne, clock } = open();
  const versionId = quarantineOne();
  expect(quarantine.pauseMs(versionId)).toBe(0);
  const pauses = Array.from({ length: 8 }, () => {
    quarantine.endedOwnWorker(versionId);
    return quarantine.pauseMs(versionId);
  });
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  clock.nowMs += 59_999;
  expect(quarantine.pauseMs(versionId)).toBe(1);
  clock.nowMs += 1;
  expect(quarantine.pauseMs(versionId)).toBe(0);
});

test("a version is forgiven an hour after its last death", () => {
  const { quarantine, quarantineOne, clock, changes } = open();
  const versionId = quarantineOne();
  clock.nowMs += FORGIVEN_AFTER_MS - 1;
  quarantine.sweep();
  expect(quarantine.has(versionId)).toBe(true);
  clock.nowMs += 1;
  quarantine.sweep();
  expect(quarantine.versions).toEqual([]);
  expect(changes.at(-1)).toBe(`forgiven ${versionId}`);
});

test("what another node names is adopted, until an hour after it happened there", () => {
  const { quarantine, clock, changes } = open();
  const versionId = nextVersionId();
  const named = node({ [versionId]: { app: APP, at: at(START_MS - 600_000) } });
  quarantine.update([named]);
  expect(changes).toEqual([`adopted ${versionId}`]);
  expect(quarantine.named).toEqual({ [versionId]: { app: APP, at: at(START_MS - 600_000) } });
  clock.nowMs += FORGIVEN_AFTER_MS - 600_000;
  quarantine.sweep();
  quarantine.update([named]);
  expect(quarantine.versions).toEqual([]);
});

test("nodes that name to each other what they heard do not keep it alive", () => {
  const one = open();
  const other = open();
  const versionId = one.quarantineOne();
  for (let minute = 0; minute < 61; minute++) {
    for (const { clock, quarantine } of [one, other]) {
      clock.nowMs += 60_000;
      quarantine.sweep();
    }
    other.quarantine.update([node(one.quarantine.named)]);
    one.quarantine.update([node(other.quarantine.named)]);
  }
  expect([...one.quarantine.versions, ...other.quarantine.versions]).not.toContain(versionId);
});

test("a node whose clock is ahead, or that says nonsense, does no harm", () => {
  const { quarantine, clock } = open();
  const [ahead, nonsense] = [nextVersionId(), nextVersionId()];
  quarantine.update([node({ [ahead]: { app: APP, at: "2126-01-01" }, [nonsense]: { app: APP, at: "soon" } })]);
  expect(quarantine.versions).toEqual([ahead]);
  clock.nowMs += FORGIVEN_AFTER_MS;
  quarantine.sweep();
  expect(quarantine.versions).toEqual([]);
});

test("a lift frees all versions of its app and no others, and what a node that has not heard says does not bring them back", () => {
  const { quarantine, quarantineOne, changes, lifts, clock } = open();
  quarantine.update([]);
  const versionId = quarantineOne();
  const other = nextVersionId();
  for (let death = 0; death < QUARANTINED_AFTER_DEATHS; death++) quarantine.blame(other, "another" as AppName);
  const stale = node(quarantine.named);
  clock.nowMs += 5_000;
  // The clock of who lifts is behind.
  quarantine.update([lift(at(START_MS - 60_000))]);
  expect(changes.at(-1)).toBe(`lifted ${versionId}`);
  quarantine.update([stale]);
  expect(quarantine.versions).toEqual([other]);
  expect(lifts).toEqual([APP]);
});

test("a lift that was made before an executor began holds for what was named before it, and not for what came after", () => {
  const { quarantine } = open();
  const [before, after] = [nextVersionId(), nextVersionId()];
  const named = node({
    [before]: { app: APP, at: at(START_MS - 60_000) },
    [after]: { app: APP, at: at(START_MS - 10_000) },
  });
  quarantine.update([named, lift(at(START_MS - 30_000))]);
  expect(quarantine.versions).toEqual([after]);
});

test("a version that goes on after a lift is in quarantine again", () => {
  const { quarantine, quarantineOne } = open();
  quarantine.update([]);
  const versionId = quarantineOne();
  quarantine.update([lift(at(START_MS))]);
  expect(quarantine.has(versionId)).toBe(false);
  quarantineOne(versionId);
  // Another change of the app's record says it once more.
  quarantine.update([lift(at(START_MS))]);
  expect(quarantine.has(versionId)).toBe(true);
});

test("what is remembered is bounded: versions that ended one worker make place first", () => {
  const { quarantine, quarantineOne } = open();
  const first = quarantineOne();
  for (let count = 0; count < 2 * MAX_BLAMED_VERSIONS; count++) quarantine.blame(nextVersionId(), APP);
  expect(quarantine.versions).toEqual([first]);
  for (let count = 0; count < 2 * MAX_BLAMED_VERSIONS; count++) quarantineOne();
  expect(quarantine.versions.length).toBeLessThanOrEqual(MAX_BLAMED_VERSIONS);
  expect(quarantine.has(first)).toBe(false);
});
