import { expect, test } from "vitest";
import { fitDrain } from "../src/fit-drain.ts";

test("notice and grace fit into what the process has", () => {
  expect(fitDrain({ noticeMs: 15_000, graceMs: 30_000 }, { shutdownGraceMs: 60_000, leaveMs: 1_000 })).toEqual({
    noticeMs: 15_000,
    graceMs: 30_000,
  });
  expect(fitDrain({ noticeMs: 15_000, graceMs: 30_000 }, { shutdownGraceMs: 20_000, leaveMs: 1_000 })).toEqual({
    noticeMs: 15_000,
    graceMs: 4_000,
  });
  expect(fitDrain({ noticeMs: 15_000, graceMs: 30_000 }, { shutdownGraceMs: 500, leaveMs: 1_000 })).toEqual({
    noticeMs: 0,
    graceMs: 0,
  });
});
