import type { AppName, WorkerId } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { CALM_MS, Cordon, MAX_CORDONED_APPS, WINDOW_MS } from "../src/control/cordon.ts";

const [ONE, TWO, THREE] = ["w1", "w2", "w3"] as unknown as [WorkerId, WorkerId, WorkerId];
const BURNER = "burner" as AppName;
const REPORT_MS = 1_000;

function open(busyRatio = 0.25) {
  const clock = { nowMs: 0 };
  const changes: string[] = [];
  const cordon = new Cordon({
    busyRatio,
    nowMs: () => clock.nowMs,
    onChange: (change, app) => changes.push(`${change} ${app}`),
  });
  /** Says so for a time: what each app takes of the worker, and how many others are there. */
  const report = (id: WorkerId, ratios: Record<string, number>, otherCount: number, forMs = 2 * WINDOW_MS): void => {
    const busyMsByApp = Object.fromEntries(Object.entries(ratios).map(([app, ratio]) => [app, ratio * REPORT_MS]));
    const activeAppCount = Object.keys(ratios).length + otherCount;
    for (let toldMs = 0; toldMs < forMs; toldMs += REPORT_MS) {
      clock.nowMs += REPORT_MS;
      cordon.report(id, { elapsedMs: REPORT_MS, busyMsByApp, activeAppCount });
    }
  };
  return { cordon, changes, report };
}

test("an app that keeps the thread from others for long gets the worker where it is, and no other app does", () => {
  const { cordon, changes, report } = open();
  report(TWO, { [BURNER]: 0.5 }, 3);
  expect(changes).toEqual([`cordoned ${BURNER}`]);
  expect(cordon.place([ONE, TWO, THREE])).toEqual({ workers: [TWO], apps: [BURNER] });
});

test("one burst is not enough, and neither is little for long", () => {
  const { cordon, report } = open();
  report(ONE, { [BURNER]: 0.9 }, 1, REPORT_MS);
  report(ONE, {}, 2);
  report(ONE, { [BURNER]: 0.2 }, 1, 10 * WINDOW_MS);
  expect(cordon.place([ONE, TWO])).toBeNull();
});

test("what an app takes of several workers counts together", () => {
  const { changes, report } = open();
  for (let times = 0; times < 10; times++) {
    for (const id of [ONE, TWO]) report(id, { [BURNER]: 0.15 }, 1, REPORT_MS);
  }
  expect(changes).toEqual([`cordoned ${BURNER}`]);
});

test("nobody is cordoned where nobody else is", () => {
  const { cordon, report } = open();
  report(ONE, { [BURNER]: 0.9, another: 0.6 }, 0);
  expect(cordon.size).toBe(0);
  report(TWO, {}, 1, REPORT_MS);
  report(ONE, { [BURNER]: 0.9 }, 0, REPORT_MS);
  expect(cordon.size).toBe(1);
});

test("an app is let out once it has been calm for long, not in a pause", () => {
  const { cordon, changes, report } = open();
  report(ONE, { [BURNER]: 0.5 }, 1);
  report(ONE, {}, 1, CALM_MS / 2);
  report(ONE, { [BURNER]: 0.5 }, 1);
  report(ONE, {}, 1, CALM_MS / 2);
  expect(cordon.size).toBe(1);
  report(ONE, {}, 1, CALM_MS);
  expect(changes).toEqual([`cordoned ${BURNER}`, `freed ${BURNER}`]);
  expect(cordon.place([ONE, TWO])).toBeNull();
});

test("an app at the border stays where it is", () => {
  const { changes, report } = open();
  report(ONE, { [BURNER]: 0.3 }, 1);
  report(ONE, { [BURNER]: 0.15 }, 1, 3 * CALM_MS);
  expect(changes).toEqual([`cordoned ${BURNER}`]);
});

test("a cordon ends when the others have been gone for long", () => {
  const { cordon, report } = open();
  report(ONE, { [BURNER]: 0.5 }, 1);
  report(ONE, { [BURNER]: 0.5 }, 0, CALM_MS);
  expect(cordon.size).toBe(0);
});

test("a cordon is a quarter of the workers, keeps those that it has, and replaces those that are gone", () => {
  const { cordon, report } = open();
  const workers = Array.from({ length: 8 }, (_, place) => `w${place}` as WorkerId);
  report("w5" as WorkerId, { [BURNER]: 0.5 }, 1);
  const first = cordon.place(workers)?.workers ?? [];
  expect(first).toHaveLength(2);
  expect(first).toContain("w5");
  expect(cordon.place(workers)?.workers).toEqual(first);
  cordon.forget("w5" as WorkerId);
  const rest = workers.filter((id) => id !== "w5");
  expect(cordon.place(rest)?.workers).toEqual(first.filter((id) => id !== "w5"));
  expect(cordon.place([ONE])).toBeNull();
});

test("how many apps are cordoned is bounded, and none is where the share is 0", () => {
  const many = Object.fromEntries(Array.from({ length: 2 * MAX_CORDONED_APPS }, (_, count) => [`app${count}`, 0.5]));
  const bounded = open();
  bounded.report(ONE, many, 1);
  expect(bounded.cordon.size).toBe(MAX_CORDONED_APPS);
  const off = open(0);
  off.report(ONE, many, 1);
  expect(off.cordon.size).toBe(0);
});
