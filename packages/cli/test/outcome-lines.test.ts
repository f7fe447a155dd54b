import { toWireError } from "@nano/protocol/errors";
import { expect, test } from "vitest";
import { errors } from "../src/errors.ts";
import { formatOutcome, formatSecrets } from "../src/output/outcome-lines.ts";
import { Terminal } from "../src/output/terminal.ts";

const terminal = new Terminal({ stream: { write: () => true, once: () => {} }, env: {} });
const serving = {
  kind: "serving",
  elapsedMs: 1234,
  note: "",
  isChanged: true,
  isFirst: false,
  isMended: false,
} as const;
const show = (outcome: Parameters<typeof formatOutcome>[1]) => formatOutcome("shop", outcome, terminal);

test("a deploy is told with its time", () => {
  expect(show({ ...serving, isFirst: true })).toEqual(["✓ shop: deployed in 1.23 s"]);
  expect(show({ ...serving, isMended: true })).toEqual(["✓ shop: reloaded in 1.23 s"]);
});

test("an edit that changes nothing is told only where it undoes a broken one", () => {
  expect(show({ ...serving, isChanged: false })).toEqual([]);
  expect(show({ ...serving, isChanged: false, isMended: true })).toEqual([
    "✓ shop: unchanged, it is again what serves",
  ]);
});

test("a failure is told with its reason and what becomes of the app", () => {
  const error = toWireError("Build failed");
  expect(show({ kind: "failed", error })[0]).toBe("✗ shop: not deployed, nothing serves");
  expect(show({ kind: "stale", error })[0]).toBe("✗ shop: not deployed, the version before serves on");
});

test("secrets that were reloaded are told by their names, and that none are left", () => {
  const shown = (...names: string[]) => formatSecrets("shop", { names }, terminal);
  expect(shown("A", "B")).toEqual(["✓ shop: secrets reloaded: A, B"]);
  expect(shown()).toEqual(["✓ shop: secrets reloaded: none"]);
  const error = errors.DOT_ENV_UNREADABLE({ place: ".env", why: "1 problem\n  line 1: found a" });
  expect(formatSecrets("shop", { error }, terminal).slice(1)).toEqual([
    "    Variables of .env cannot be used: 1 problem",
    "      line 1: found a",
  ]);
});
