import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNanoError } from "@nano/protocol/errors";
import { expect, onTestFinished, test } from "vitest";
import { defineConfig, loadConfig } from "../src/config.ts";
import { optional, privateFile, readableDirectory, writableDirectory } from "../src/config-field.ts";
import { findConfigTableDrift, formatConfig, renderConfigTable, replaceConfigTable } from "../src/config-text.ts";
import type { ConfigProblem } from "../src/errors.ts";
import { sampleConfig } from "./fixtures/sample-config.ts";

function writeTemporary(name: string, content: string): string {
  const directory = mkdtempSync(join(tmpdir(), "nano-config-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function problemsOf(load: () => unknown): readonly ConfigProblem[] {
  try {
    load();
  } catch (error) {
    if (isNanoError(error)) return error.wire.details.problems as readonly ConfigProblem[];
    throw error;
  }
  return [];
}

test("what is set in code wins over the environment, that over the file, that over the default", () => {
  const file = writeTemporary(
    "sample.json",
    JSON.stringify({ upstream: { connect_timeout_ms: "2s", connection_count: 3 }, mode: "fast" }),
  );
  const env = { SAMPLE_UPSTREAM_CONNECT_TIMEOUT_MS: "3s", SAMPLE_UPSTREAM_CONNECTION_COUNT: "4" };
  const explicit = { upstream: { connectTimeoutMs: 4000 } };
  const { value, entries } = loadConfig(sampleConfig, { explicit, env, file });
  expect(value.upstream).toEqual({ connectTimeoutMs: 4000, connectionCount: 4 });
  expect(value.mode).toBe("fast");
  expect(value.cache.limitBytes).toBe(1024);
  const sources = new Map(entries.map((entry) => [entry.path, entry.source]));
  expect(sources.get("upstream.connectTimeoutMs")).toBe("explicit");
  expect(sources.get("upstream.connectionCount")).toBe("env");
  expect(sources.get("mode")).toBe("file");
  expect(sources.get("cache.limitBytes")).toBe("default");
});

test("the file may be named by the environment", () => {
  const file = writeTemporary("sample.json", JSON.stringify({ mode: "fast" }));
  expect(loadConfig(sampleConfig, { env: { SAMPLE_CONFIG_FILE: file } }).value.mode).toBe("fast");
});

test("places that cannot be used are problems where they are looked at, and what can be made or comes later is none", () => {
  const file = writeTemporary("open.key", "anybody's");
  chmodSync(file, 0o644);
  const beside = join(file, "../new/deeper");
  const places = defineConfig("PLACES", {
    written: {
      directory: writableDirectory({ doc: "", default: join(file, "below") }),
      made: writableDirectory({ doc: "" }),
    },
    read: { directory: readableDirectory({ doc: "" }), missing: readableDirectory({ doc: "" }) },
    key: {
      open: privateFile({ doc: "" }),
      missing: privateFile({ doc: "" }),
      made: privateFile({ doc: "", isMade: true }),
      unset: optional(privateFile({ doc: "" })),
    },
  });
  const explicit = {
    written: { made: beside },
    read: { directory: file, missing: beside },
    key: { open: file, missing: beside, made: beside },
  };
  const gots = problemsOf(() => loadConfig(places, { explicit, checksPlaces: true })).map(({ path, got }) => [
    path,
    got,
  ]);
  expect(gots).toEqual([
    ["written.directory", `"${join(file, "below")}" (${file} is no directory)`],
    ["read.directory (in code)", `"${file}" (${file} is no directory)`],
    ["key.open (in code)", `"${file}" (its mode is 644, others may use it)`],
    ["key.missing (in code)", `"${beside}" (there is no such file)`],
  ]);
  expect(problemsOf(() => loadConfig(places, { explicit }))).toEqual([]);
});

test("every problem is listed with its place, what was found and what was expected", () => {
  const file = writeTemporary("sample.json", JSON.stringify({ mode: "slow", upstream: { colour: 1 } }));
  const env = { SAMPLE_UPSTREAM_CONNECT_TIMEOUT_MS: "2h", SAMPLE_UNKNOWN: "secret?", SAMPLE_KEY_FILE: "/nowhere" };
  const problems = problemsOf(() => loadConfig(sampleConfig, { env, file }));
  expect(problems).toEqual([
    { path: "SAMPLE_UNKNOWN", got: "a value", expected: "no such environment name" },
    { path: `upstream.colour (file ${file})`, got: "1", expected: "no such setting" },
    {
      path: "upstream.connectTimeoutMs (SAMPLE_UPSTREAM_CONNECT_TIMEOUT_MS)",
      got: '"2h"',
      expected: 'a duration from 1 to 60000 ms, as a number or as "30s"',
    },
    { path: `mode (mode in file ${file})`, got: '"slow"', expected: "one of fast, safe" },
    {
      path: "key (SAMPLE_KEY_FILE)",
      got: '"/nowhere"',
      expected: "the path of a readable regular file of at most 64 KiB that holds the secret",
    },
  ]);
});

test.each([
  ["a file that is not JSON", "{", "a readable JSON file"],
  ["a file that is not an object", "[]", "an object"],
])("%s is a problem", (_, content, expected) => {
  const file = writeTemporary("sample.json", content);
  expect(problemsOf(() => loadConfig(sampleConfig, { file }))).toEqual([expect.objectContaining({ expected })]);
});

test("an empty environment value is as if it were not set", () => {
  const env = { SAMPLE_MODE: "", SAMPLE_WHATEVER: "", OTHER_MODE: "x" };
  expect(loadConfig(sampleConfig, { env }).value.mode).toBe("safe");
});

test("sizes and durations are taken with their units", () => {
  const env = { SAMPLE_CACHE_LIMIT_BYTES: "64MiB", SAMPLE_UPSTREAM_CONNECT_TIMEOUT_MS: "1.5s" };
  const { value } = loadConfig(sampleConfig, { env });
  expect(value.cache.limitBytes).toBe(64 * 1024 * 1024);
  expect(value.upstream.connectTimeoutMs).toBe(1500);
});

test("the result is frozen to its leaves", () => {
  const { value } = loadConfig(sampleConfig);
  expect(Object.isFrozen(value)).toBe(true);
  expect(Object.isFrozen(value.upstream)).toBe(true);
});

test("a secret is read from its file when asked for, and never printed", () => {
  const path = writeTemporary("key", "first\n");
  const { value, entries } = loadConfig(sampleConfig, { env: { SAMPLE_KEY_FILE: path } });
  expect(value.key?.read()).toBe("first");
  writeFileSync(path, "rotated\n");
  expect(value.key?.read()).toBe("rotated");
  expect(JSON.stringify(value) + formatConfig(entries)).not.toMatch(/first|rotated/);
});

test("a README's table is replaced between its markers, and appended where there is none", () => {
  const stale = "# Sample\n\n<!-- config:begin -->\nold\n<!-- config:end -->\n\nend\n";
  const fresh = replaceConfigTable(stale, sampleConfig);
  expect(fresh).toBe(`# Sample\n\n${renderConfigTable(sampleConfig)}\n\nend\n`);
  expect(replaceConfigTable(fresh, sampleConfig)).toBe(fresh);
  expect(replaceConfigTable("# Sample\n", sampleConfig)).toContain("`SAMPLE_UPSTREAM_CONNECT_TIMEOUT_MS`");
});

test("a table that is not the current one is found, though not for its white space", () => {
  const readme = renderConfigTable(sampleConfig);
  expect(
    findConfigTableDrift(readme.replaceAll(" | ", "   |  ").replace("|---|", "| ------ |"), sampleConfig),
  ).toBeNull();
  expect(findConfigTableDrift(readme.replace("`safe`", "`fast`"), sampleConfig)).toContain("`fast`");
  expect(findConfigTableDrift("# Nothing", sampleConfig)).toContain("no table");
});
