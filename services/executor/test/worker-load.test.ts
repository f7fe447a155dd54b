import type { WorkerId } from "@nano/protocol/brands";
import { expect, test } from "vitest";
import { WorkerLoad } from "../src/control/worker-load.ts";

const ID = "w1" as WorkerId;

test("load is told in tenths, and only when it has changed by about one", () => {
  const load = new WorkerLoad(50);
  expect([load.report(ID, 0), load.of(ID)]).toEqual([false, 0]);
  expect([load.report(ID, 3), load.of(ID)]).toEqual([false, 0]);
  expect([load.report(ID, 5), load.of(ID)]).toEqual([true, 1]);
  expect([load.report(ID, 8), load.of(ID)], "near the middle of two").toEqual([false, 1]);
  expect([load.report(ID, 500), load.of(ID)]).toEqual([true, 10]);
  expect([load.report(ID, 0), load.of(ID)]).toEqual([true, 0]);
  load.forget(ID);
  expect(load.of(ID)).toBe(0);
});
