import type { StoreRecord } from "@nano/protocol/records";
import { expect, test } from "vitest";
import { RecordMap } from "../src/record-map.ts";
import { appRecord } from "./records.ts";

function keyOf(index: number): string {
  return `app/app-${index}`;
}

function mapOf(count: number): Map<string, StoreRecord> {
  return new Map(Array.from({ length: count }, (_, index) => [keyOf(index), appRecord(`app-${index}`)]));
}

/** What a change of a few records does to a map of this size, so many times over, beside a plain map that is told the same. */
function change(count: number, rounds: number): { plain: Map<string, StoreRecord>; states: RecordMap[] } {
  const plain = mapOf(count);
  const states = [new RecordMap(mapOf(count))];
  for (let round = 0; round < rounds; round++) {
    const changes: [string, StoreRecord | null][] = [
      [keyOf(round), appRecord(`app-${round}`, round)],
      [keyOf(round + 3), null],
      [keyOf(count + round), appRecord(`app-${count + round}`)],
    ];
    for (const [key, record] of changes) {
      if (record === null) plain.delete(key);
      else plain.set(key, record);
    }
    states.push(RecordMap.after(states.at(-1) as RecordMap, changes));
  }
  return { plain, states };
}

test.each([
  ["few", 4, 2],
  ["as many as are merged now and then", 100, 150],
])("after %s changes it reads as a map that was told all of them", (_, count, rounds) => {
  const { plain, states } = change(count, rounds);
  const last = states.at(-1) as RecordMap;

  expect(last.size).toBe(plain.size);
  expect(new Map(last)).toEqual(plain);
  expect(new Map(last.entries())).toEqual(plain);
  expect([...last.keys()].sort()).toEqual([...plain.keys()].sort());
  expect(new Set(last.values())).toEqual(new Set(plain.values()));
  const seen = new Map<string, StoreRecord>();
  last.forEach((record, key) => {
    seen.set(key, record);
  });
  expect(seen).toEqual(plain);
  for (let index = 0; index < count + rounds + 5; index++) {
    expect(last.get(keyOf(index))).toEqual(plain.get(keyOf(index)));
    expect(last.has(keyOf(index))).toBe(plain.has(keyOf(index)));
  }
});

test("a state stays as it was when later ones differ", () => {
  const { states } = change(100, 150);

  expect(new Map(states[0] as RecordMap)).toEqual(mapOf(100));
  expect(states[1]?.get(keyOf(0))).toEqual(appRecord("app-0", 0));
  expect(states[1]?.has(keyOf(3))).toBe(false);
  expect(states[1]?.size).toBe(100);
});

test("a key that goes and was never there changes nothing", () => {
  const map = RecordMap.after(new RecordMap(mapOf(2)), [["app/unknown", null]]);

  expect(map.size).toBe(2);
  expect([...map.keys()]).toEqual([keyOf(0), keyOf(1)]);
});
