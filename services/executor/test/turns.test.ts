import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { Turns, type TurnTaker } from "../src/request/turns.ts";

class Lane implements TurnTaker {
  readonly #name: string;
  readonly #order: string[];
  readonly #spendMs: number;
  left: number;

  constructor(name: string, order: string[], options: { left: number; spendMs?: number }) {
    this.#name = name;
    this.#order = order;
    this.#spendMs = options.spendMs ?? 0;
    this.left = options.left;
  }
  takeTurn(): boolean {
    const endMs = performance.now() + this.#spendMs;
    while (performance.now() < endMs);
    this.#order.push(this.#name);
    this.left -= 1;
    return this.left > 0;
  }
}

test("what asks while nobody waits begins at once", () => {
  const order: string[] = [];
  new Turns().ask(new Lane("a", order, { left: 1 }));
  expect(order).toEqual(["a"]);
});

test("lanes take one turn each, whatever one of them has waiting", async () => {
  const order: string[] = [];
  const turns = new Turns();
  const lanes = [
    new Lane("a", order, { left: 100 }),
    new Lane("b", order, { left: 2 }),
    new Lane("c", order, { left: 1 }),
  ];
  turns.ask({
    takeTurn() {
      for (const lane of lanes) turns.ask(lane);
      return false;
    },
  });
  await eventually(() => order.length === 103);
  expect(order.slice(0, 6)).toEqual(["a", "b", "c", "a", "b", "a"]);
});

test("a slice of turns ends in time, so that the event loop turns", async () => {
  const order: string[] = [];
  const turns = new Turns();
  turns.ask(new Lane("a", order, { left: 20, spendMs: 1 }));
  const inFirstSlice = order.length;
  expect(inFirstSlice).toBeGreaterThan(0);
  expect(inFirstSlice).toBeLessThan(10);
  let immediateAt = 0;
  setImmediate(() => {
    immediateAt = order.length;
  });
  await eventually(() => order.length === 20);
  expect(immediateAt).toBeLessThan(20);
});

test("asking twice is one turn", () => {
  const order: string[] = [];
  const turns = new Turns();
  const lane = new Lane("a", order, { left: 1 });
  turns.ask({
    takeTurn() {
      turns.ask(lane);
      turns.ask(lane);
      return false;
    },
  });
  expect(order).toEqual(["a"]);
});

test("a lane that throws does not stop the others", async () => {
  const order: string[] = [];
  const turns = new Turns();
  const others = new Lane("b", order, { left: 2 });
  expect(() =>
    turns.ask({
      takeTurn() {
        turns.ask(others);
        throw new Error("broken");
      },
    }),
  ).toThrow("broken");
  await eventually(() => order.length === 2);
  turns.ask(new Lane("c", order, { left: 1 }));
  expect(order).toEqual(["b", "b", "c"]);
});

test("what asks again and again in one turn of the event loop has one slice of it", async () => {
  const order: string[] = [];
  const turns = new Turns();
  for (let i = 0; i < 20; i++) turns.ask(new Lane("a", order, { left: 1, spendMs: 1 }));
  expect(order.length).toBeGreaterThan(0);
  expect(order.length).toBeLessThan(10);
  await eventually(() => order.length === 20);
});
