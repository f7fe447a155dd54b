import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Baseline, compareRows, readBaseline, writeBaseline } from "./baseline.ts";
import { PerfectLru } from "./perfect-lru.ts";
import { type RecordRow, ratiosByStretch, reachedBy } from "./record.ts";

const HERE = "2 cores";
const base = (ratio: number, margin: number) => ({ ratio, margin, spread: 0.05, runs: 3, at: "", machine: HERE });
const row = (name: string, rounds: readonly number[], better: RecordRow["better"] = "higher"): RecordRow => ({
  name,
  what: name,
  peer: "peer",
  unit: "×",
  better,
  atLeast: 1,
  aim: 2,
  rounds,
  how: "",
  figures: {},
});

const BASELINE: Baseline = { fast: base(2, 0.25), small: base(1, 0.5) };

test("a run within the margins is not measured again, whichever way a row is better", async () => {
  const again = vi.fn();
  const rows = [row("fast", [1.61, 9, 0.1]), row("small", [1.49], "lower")];
  const comparisons = await compareRows(rows, BASELINE, { again, machine: HERE });
  expect(comparisons.map(({ isWorse }) => isWorse)).toEqual([false, false]);
  expect(again).not.toHaveBeenCalled();
});

test("a row beyond its margin counts only where it is so twice, and only that row is measured again", async () => {
  const rows = [row("fast", [1.5]), row("small", [1.6], "lower")];
  const asked: (readonly string[])[] = [];
  const again = (better: number) => async (names: readonly string[]) => {
    asked.push(names);
    return [row("fast", [better]), row("small", [1.6], "lower")];
  };
  const recovered = await compareRows(rows, BASELINE, { again: again(1.9), machine: HERE });
  expect(recovered.map(({ isWorse }) => isWorse)).toEqual([false, true]);
  const [first] = await compareRows([row("fast", [1.5])], BASELINE, { again: again(1.5), machine: HERE });
  expect(first).toMatchObject({ first: 1.5, second: 1.5, isWorse: true });
  expect(asked).toEqual([["fast", "small"], ["fast"]]);
});

test("a row that is no number, or is not there when it is measured again, is worse", async () => {
  const [lost] = await compareRows([row("fast", [Number.NaN])], BASELINE, { again: async () => [], machine: HERE });
  expect(lost).toMatchObject({ isWorse: true });
});

test("a row that is not checked in is not compared", async () => {
  expect(await compareRows([row("new", [0.01])], BASELINE, { again: async () => [] })).toEqual([]);
});

test("on another machine than the one that the ratio is from, margins are twice as wide", async () => {
  const again = async () => [row("fast", [1.3])];
  const elsewhere = { again, machine: "64 cores" };
  const [near] = await compareRows([row("fast", [1.4])], BASELINE, elsewhere);
  const [far] = await compareRows([row("fast", [1.3])], BASELINE, elsewhere);
  expect([near?.isWorse, far?.isWorse, far?.margin]).toEqual([false, true, 0.5]);
});

test("a row tells whether its median reached what is wanted", () => {
  expect([[2, 2, 0.1], [1.5, 0.1, 3], [0.9]].map((rounds) => reachedBy(row("any", rounds)))).toEqual([
    "aim",
    "least",
    "neither",
  ]);
  expect(reachedBy(row("any", [1.5], "lower"))).toBe("aim");
});

test("stretches of samples give a ratio of medians each, of whatever lengths", () => {
  expect(ratiosByStretch([2, 2, 9, 4, 4, 9], [1, 1, 1, 2], 2)).toEqual([2, 2]);
});

test("what is checked in has a margin of a quarter, or of three times the spread of rounds or of runs", () => {
  const directory = mkdtempSync(join(tmpdir(), "nano-baseline-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = pathToFileURL(join(directory, "baseline.json"));
  const absolute: RecordRow = { ...row("boot", [500]), unit: "ms" };
  const steady = (ratio: number) => [row("steady", [ratio, ratio, ratio]), row("quiet", [2, 2, 2]), absolute];
  writeBaseline(file, [steady(1), steady(1.2), steady(0.9)], { isPart: false });
  expect(readBaseline(file)).toMatchObject({
    steady: { ratio: 1, spread: 0.2, margin: 0.6, runs: 3 },
    quiet: { ratio: 2, spread: 0, margin: 0.25 },
  });
  expect(Object.keys(readBaseline(file))).toEqual(["steady", "quiet"]);
  writeBaseline(file, [[row("quiet", [3])]], { isPart: true });
  expect(readBaseline(file)).toMatchObject({ steady: { ratio: 1 }, quiet: { ratio: 3 } });
});

test("perfect LRU keeps what was used last, as much of it as fits", () => {
  const lru = new PerfectLru(2);
  expect([1, 2, 1, 3, 1, 2, 3].map((entry) => lru.use(entry))).toEqual([false, false, true, false, true, false, false]);
});
