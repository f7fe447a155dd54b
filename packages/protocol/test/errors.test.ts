import { expect, test } from "vitest";
import { defineErrors, fromWireError, isNanoError, NanoError, toWireError } from "../src/errors.ts";
import { frameErrors } from "../src/frames.ts";
import { decodeWireError, encodeWireError } from "../src/messages.ts";

const errors = defineErrors("TEST", {
  AT_CAPACITY: {
    fault: "platform",
    retryable: true,
    httpStatus: 503,
    reason: "queue_full",
    message: (d: { queuedCount: number }) => `Queue is full: ${d.queuedCount}`,
  },
  BAD_INPUT: { fault: "caller", retryable: false, httpStatus: 400, reason: "bad_request", message: () => "Bad input" },
});

test.each([
  errors.AT_CAPACITY({ queuedCount: 5 }),
  errors.BAD_INPUT({}),
  frameErrors.TOO_LARGE({ type: 3, payloadBytes: 9, limitBytes: 8 }),
  frameErrors.UNKNOWN_TYPE({ type: 77 }),
])("$code survives the wire, whole", (error) => {
  const back = fromWireError(decodeWireError(encodeWireError(error.wire)));
  expect(back.wire).toEqual(error.wire);
  expect(back.code).toBe(error.code);
  expect(back.message).toBe(error.message);
  expect(isNanoError(back)).toBe(true);
});

test("a code that nobody here knows is kept as it came", () => {
  const wire = {
    ...errors.BAD_INPUT({}).wire,
    code: "FUTURE_THING",
    reason: "future",
    details: { nested: { count: 1 } },
  };
  expect(decodeWireError(encodeWireError(wire))).toEqual(wire);
});

test("codes are the prefix and the name, with their definition beside them", () => {
  expect(errors.AT_CAPACITY.code).toBe("TEST_AT_CAPACITY");
  expect(errors.AT_CAPACITY.definition.httpStatus).toBe(503);
  expect(errors.AT_CAPACITY({ queuedCount: 5 })).toMatchObject({ name: "NanoError", message: "Queue is full: 5" });
});

test("a cause is kept at home and does not travel", () => {
  const cause = new Error("secret path");
  const error = errors.BAD_INPUT({}, cause);
  expect(error.cause).toBe(cause);
  expect(JSON.stringify(toWireError(error))).not.toContain("secret");
});

test("what is not ours becomes NANO_INTERNAL, without its stack", () => {
  const wire = toWireError(new TypeError("x is not a function"));
  expect(wire).toMatchObject({
    code: "NANO_INTERNAL",
    httpStatus: 500,
    retryable: false,
    message: "x is not a function",
  });
  expect(JSON.stringify(wire)).not.toContain("errors.test");
  expect(toWireError("text").message).toBe("text");
});

test("the brand, not the class, makes an error ours", () => {
  expect(isNanoError(new NanoError(errors.BAD_INPUT({}).wire))).toBe(true);
  expect(isNanoError(Object.assign(new Error("x"), { wire: {} }))).toBe(false);
  expect(isNanoError(null)).toBe(false);
});
