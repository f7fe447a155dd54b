import { defineErrors } from "@nano/protocol/errors";
import { expect, test } from "vitest";
import { createLogger, SECRET_FIELDS } from "../src/logger.ts";

function capture(level: "debug" | "info" = "info") {
  const lines: Record<string, unknown>[] = [];
  const sink = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, logger: createLogger({ service: "sample", level, sink }) };
}

test("a line is one JSON object with time, level, service, the child's fields and its own", () => {
  const { lines, logger } = capture();
  logger.child({ component: "pool" }).info("grew", { workerCount: 3 });
  expect(lines).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      service: "sample",
      component: "pool",
      msg: "grew",
      workerCount: 3,
    },
  ]);
});

test("the guard tells whether debug lines are written", () => {
  expect(capture("debug").logger.isDebug).toBe(true);
  const { lines, logger } = capture("info");
  expect(logger.child({ component: "x" }).isDebug).toBe(false);
  logger.debug("nobody sees this");
  expect(lines).toEqual([]);
});

test.each(SECRET_FIELDS)("a field named %s never reaches the log, at the top or within", (name) => {
  const { lines, logger } = capture();
  logger.info("said", { [name]: "hunter2", a: { [name]: "hunter2", b: { [name]: "hunter2" } } });
  expect(JSON.stringify(lines)).not.toContain("hunter2");
});

test("an error is written with code, fault, details and causes", () => {
  const errors = defineErrors("TEST", {
    BROKEN: {
      fault: "tenant",
      retryable: false,
      httpStatus: 500,
      reason: "x",
      message: (d: { n: number }) => `No ${d.n}`,
    },
  });
  const { lines, logger } = capture();
  logger.error("failed", { err: errors.BROKEN({ n: 7 }, new Error("below")) });
  expect(lines[0]?.err).toMatchObject({
    code: "TEST_BROKEN",
    fault: "tenant",
    message: "No 7",
    details: { n: 7 },
    cause: { message: "below" },
  });
});
