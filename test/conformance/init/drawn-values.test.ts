/** What every restore of a heap shares, and what it does not: the price of a heap, which the builder's warnings name. */
import type { Rung } from "@nano/protocol/records";
import { BuildChildren } from "@nano/sliver-builder/build/build-children";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askSliver } from "./answer-case.ts";
import { type BuiltCase, buildCase } from "./build-case.ts";
import { bytecodeSliverOf } from "./lower-rung.ts";

const DRAWN = {
  name: "drawn values",
  top: "const drawn = [Math.random(), crypto.randomUUID(), Date.now() + performance.now()];",
  answer: "[drawn, [Math.random(), crypto.randomUUID()]]",
};
type Answer = readonly [readonly unknown[], readonly unknown[]];

const children = new BuildChildren({ spareCount: 0 });
let built: BuiltCase;

beforeAll(async () => {
  const build = await buildCase(DRAWN, children);
  if (build.built === null) throw new Error(build.reason);
  built = build.built;
});

afterAll(() => children.close());

/** Of two contexts each, in two isolates. */
async function answersOf(rung: Rung, sliver: Buffer): Promise<Answer[]> {
  const ask = () => askSliver(sliver, { rung, isolation: "request", manifest: built.manifest, requestCount: 2 });
  return [...(await ask()).answers, ...(await ask()).answers] as Answer[];
}

function countDifferent(values: readonly unknown[]): number {
  return new Set(values.map((value) => JSON.stringify(value))).size;
}

test("what init drew is the same in all contexts of a heap, and what requests draw differs", async () => {
  const answers = await answersOf("heap", built.sliver);
  expect(countDifferent(answers.map(([drawn]) => drawn))).toBe(1);
  expect(countDifferent(answers.map(([, fresh]) => fresh[0]))).toBe(answers.length);
  expect(countDifferent(answers.map(([, fresh]) => fresh[1]))).toBe(answers.length);
});

test.each(["bytecode", "source"] as const)("each context of the %s rung draws anew", async (rung) => {
  const sliver = rung === "bytecode" ? bytecodeSliverOf(built) : built.sliver;
  const answers = await answersOf(rung, sliver);
  expect(countDifferent(answers.map(([drawn]) => drawn))).toBe(answers.length);
});
