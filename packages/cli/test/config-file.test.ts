import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNanoError } from "@nano/protocol/errors";
import type { InputProblem } from "@nano/protocol/input-problems";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../src/config/config-file.ts";

let directory = "";
let file = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "nano-config-"));
  file = join(directory, "nano.config.json");
  await writeFile(join(directory, "app.ts"), "");
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function problemsOf(value: unknown): Promise<readonly InputProblem[]> {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const error: unknown = await parseConfig(text, file).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isNanoError(error)) throw new Error(`Expected a refusal, got ${String(error)}`);
  expect(error.code).toBe("CTL_CONFIG_INVALID");
  return error.wire.details.problems as readonly InputProblem[];
}

describe("a good config", () => {
  test("gets the documented defaults", async () => {
    const plan = await parseConfig(JSON.stringify({ apps: [{ hostname: "a.localhost", entrypoint: "app.ts" }] }), file);
    expect(plan.server).toEqual({
      host: "127.0.0.1",
      port: 8080,
      adminPort: 9090,
      egressAllowedRanges: [],
      debugHeaders: false,
      clientTimeouts: { headersMs: 30_000, requestMs: 300_000, stallMs: 120_000 },
    });
    expect(plan.apps).toEqual([
      {
        name: "a",
        routes: [{ host: "a.localhost", path: "/" }],
        source: { kind: "code", path: join(directory, "app.ts") },
        manifest: {},
        secrets: { files: {}, dotEnv: { path: join(directory, ".env"), takenNames: [] } },
      },
    ]);
  });

  test("keeps what an app's author may set as it was written, without defaults", async () => {
    const limits = { cpu_time_ms: 80 };
    const apps = [{ hostname: "a.localhost", entrypoint: "app.ts", isolation: "app", limits, env_vars: { A: "1" } }];
    const plan = await parseConfig(JSON.stringify({ apps }), file);
    expect(plan.apps[0]?.manifest).toEqual({ isolation: "app", limits, env_vars: { A: "1" } });
  });

  test("has hostnames in the form that requests are matched by", async () => {
    const hosts = ["WWW.Example.com.", "*.Example.com", "bücher.example", "[0:0::1]", "127.0.0.1"];
    const apps = hosts.map((hostname) => ({ hostname, path: "/api/", entrypoint: "app.ts" }));
    const plan = await parseConfig(JSON.stringify({ apps }), file);
    expect(plan.apps.map((app) => app.routes[0])).toEqual(
      ["www.example.com", "*.example.com", "xn--bcher-kva.example", "[::1]", "127.0.0.1"].map((host) => ({
        host,
        path: "/api",
      })),
    );
  });
});

describe("a bad config", () => {
  test("is refused with all of its problems at once, each with place, found and expected", async () => {
    const problems = await problemsOf({
      server: { port: 70_000, hots: "x" },
      apps: [
        { hostname: "a.localhost:8080", entrypoint: "missing.ts", limits: { memory_mb: "lots", cpu_time: 5 } },
        { hostname: "b.localhost", isolation: "none" },
        { hostname: "c.localhost", sliver: "c.sliver" },
        { hostname: "d.localhost", entrypoint: "app.ts", sliver: "app.ts" },
      ],
    });
    const byPlace = Object.fromEntries(problems.map((p) => [p.place, `${p.found} | ${p.expected}`]));
    expect(byPlace).toEqual({
      "server.port": "70000 | at most 65535",
      "server.hots": "a key that nothing knows | no such key",
      "apps[0].hostname": '"a.localhost:8080" | a hostname, `*.` and a hostname, or an IP address; no port',
      "apps[0].limits.memory_mb": '"lots" | a number',
      "apps[0].limits.cpu_time": "a key that nothing knows | no such key",
      "apps[0].entrypoint": '"missing.ts" | a file or directory that exists',
      "apps[1].isolation": '"none" | one of "request", "app"',
      "apps[1].entrypoint": "nothing | one of `entrypoint` and `sliver`",
      "apps[2].sliver": '"c.sliver" | a file that exists',
      "apps[3].sliver": "both | one of `entrypoint` and `sliver`",
    });
  });

  test("that names neither code nor a sliver says so", async () => {
    const [problem] = await problemsOf({ apps: [{ hostname: "b.localhost" }] });
    expect(problem).toEqual({
      place: "apps[0].entrypoint",
      found: "nothing",
      expected: "one of `entrypoint` and `sliver`",
    });
  });

  test("that serves two apps at one place names both", async () => {
    const app = { hostname: "A.localhost", entrypoint: "app.ts" };
    const problems = await problemsOf({ apps: [app, { ...app, hostname: "a.localhost." }] });
    expect(problems).toEqual([
      {
        place: "apps[1].hostname",
        found: '"a.localhost" with path "/", as apps[0] has',
        expected: "a hostname and path of its own",
      },
    ]);
  });

  test("that is no JSON shows where", async () => {
    const [problem] = await problemsOf('{"apps": [,]}');
    expect(problem).toMatchObject({ place: "(file)", found: "what is no JSON at line 1, column 11", expected: "JSON" });
  });

  test.each(["[]", "null", "7", '{"apps": {}}', '{"apps": [null, 3]}'])(
    "of a wrong shape is refused: %s",
    async (text) => {
      expect(await problemsOf(text)).not.toEqual([]);
    },
  );

  test.each(["10.1.0.0", "10.1.0.0/33", "fd00::/129", "10.1.0.0/16/8", "host/8", "/8", ""])(
    "that names %o as a range of addresses is refused",
    async (range) => {
      const [problem] = await problemsOf({ server: { egress_allowed_ranges: [range] }, apps: [] });
      expect(problem?.place).toBe("server.egress_allowed_ranges[0]");
    },
  );

  test("does not show the value of an environment variable", async () => {
    const env_vars = { TOKEN: 123_456_789, "not a name": "hush" };
    const problems = await problemsOf({ apps: [{ hostname: "a.localhost", entrypoint: "app.ts", env_vars }] });
    expect(problems.map((p) => p.place)).toEqual(["apps[0].env_vars.TOKEN", "apps[0].env_vars.not…"]);
    expect(JSON.stringify(problems)).not.toMatch(/123456789|hush/);
  });

  test.each([
    [{ apps: { hostname: "a.localhost", env_vars: { TOKEN: "s3cr3t" } } }],
    [{ apps: [], app: { env_vars: { TOKEN: "s3cr3t" } } }],
    ['{"apps": [{"env_vars": {"TOKEN": "s3cr3t" "B": ""}}]}'],
    ['{"apps": [{"env_vars": {"TOKEN": s3cr3t}}]}'],
  ])("shows nothing of a secret where its shape is wrong: %j", async (value) => {
    expect(JSON.stringify(await problemsOf(value))).not.toContain("s3cr3t");
  });
});
