import { expect, test, vi } from "vitest";
import { type Baseline, compareRows } from "./baseline.ts";
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
