import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoreState } from "@nano/control-store/follow-store";
import { EMPTY_STATE, stateFromSnapshot } from "@nano/control-store/store-state";
import { expect, onTestFinished, test } from "vitest";
import { loadRoutes, type RoutesFile, saveRoutes } from "../src/control/routes-file.ts";
import { appRecords, nodeRecord } from "./fake-store.ts";

function temporaryFile(maxBytes = 1_000_000): RoutesFile {
  const folder = mkdtempSync(join(tmpdir(), "nano-routes-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { path: join(folder, "routes"), maxBytes };
}

function stateOf(appCount: number): StoreState {
  const records = Array.from({ length: appCount }, (_none, index) => appRecords(`app-${index}`, [`h${index}.example`]));
  const worker = { id: "w", address: "/w.sock", credential: "c" };
  return stateFromSnapshot(EMPTY_STATE, { epoch: "e", seq: 7, records: [...records.flat(), nodeRecord([worker])] })
    .state;
}

test("what is saved is loaded, for this user alone", async () => {
  const file = temporaryFile();
  const state = stateOf(450);
  expect(await saveRoutes(state, file)).toBe(statSync(file.path).size);
  expect(await loadRoutes(file)).toMatchObject({ type: "loaded", state, skippedCount: 0 });
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
});

test("secrets and builds are not in it", async () => {
  const file = temporaryFile();
  const secret = { kind: "secrets", app: "hello", sealed: "c2VjcmV0", revision: 1, updatedAt: "2026-11-22" };
  const build = { kind: "build", version: "v0000000000000001", state: "queued", error: null, slivers: {} };
  const records = [...appRecords("hello", ["a.example"]), secret, build] as never;
  await saveRoutes(stateFromSnapshot(EMPTY_STATE, { epoch: "e", seq: 1, records }).state, file);
  const text = readFileSync(file.path, "utf8");
  expect(text).toContain('"hello"');
  expect(text).not.toMatch(/c2VjcmV0|queued/);
});

test("a file that is not there is absent", async () => {
  expect(await loadRoutes(temporaryFile())).toEqual({ type: "absent" });
});

test("a file with a flipped bit, or that ends early anywhere, is not believed", async () => {
  const file = temporaryFile();
  await saveRoutes(stateOf(2), file);
  const whole = readFileSync(file.path);
  for (let length = 0; length < whole.length - 1; length += 97) {
    writeFileSync(file.path, whole.subarray(0, length));
    expect((await loadRoutes(file)).type).toBe("unusable");
  }
  for (let at = 0; at < whole.length - 1; at += 101) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] as number) ^ 1;
    writeFileSync(file.path, flipped);
    expect((await loadRoutes(file)).type).toBe("unusable");
  }
});

test("a state beyond the limit is not written and leaves the file before it; a file beyond it is not read", async () => {
  const file = temporaryFile();
  await saveRoutes(stateOf(1), file);
  const before = readFileSync(file.path, "utf8");
  expect(await saveRoutes(stateOf(300), { ...file, maxBytes: 20_000 })).toBeNull();
  expect(readFileSync(file.path, "utf8")).toBe(before);
  expect(await loadRoutes({ ...file, maxBytes: 100 })).toMatchObject({ type: "unusable" });
});
