import { expect, test } from "vitest";
import type { NamedAttack } from "../attacks/harness/corpus.ts";
import { type Arrival, drawAttacks } from "./attack-draw.ts";

const attackOf = (id: string, isLong = false): NamedAttack => ({
  id,
  group: "cpu",
  name: id,
  tries: "Nothing.",
  isLong,
  strike: async () => ({ isContained: true, what: "" }),
  undefended: async () => null,
});
const attacks = [attackOf("a"), attackOf("b"), attackOf("long", true)];

function draw(seed: number, count: number): Arrival[] {
  const next = drawAttacks(attacks, seed);
  return Array.from({ length: count }, () => next());
}

test("a seed draws the same attacks at the same times, another one others", () => {
  const told = (seed: number): string[] => draw(seed, 100).map(({ attack, pauseMs }) => `${attack.id} ${pauseMs}`);
  expect(told(7)).toEqual(told(7));
  expect(told(7)).not.toEqual(told(8));
});

test("one arrives a second, on an average, and what holds for minutes a tenth as often as another", () => {
  const drawn = draw(1, 20_000);
  const countOf = (id: string): number => drawn.filter(({ attack }) => attack.id === id).length;
  const meanMs = drawn.reduce((sum, { pauseMs }) => sum + pauseMs, 0) / drawn.length;
  expect(meanMs).toBeGreaterThan(950);
  expect(meanMs).toBeLessThan(1_050);
  expect(countOf("a") / countOf("b")).toBeCloseTo(1, 1);
  expect(countOf("long") / countOf("a")).toBeCloseTo(0.1, 1);
});
