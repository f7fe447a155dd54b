import { execFile } from "node:child_process";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import type { GeneratorResult } from "./generator.ts";
import type { OpenLoopJob } from "./open-loop-generator.ts";

const GENERATOR = fileURLToPath(new URL("open-loop-generator.ts", import.meta.url));
const BODY = "right";

async function runAgainst(listener: RequestListener, job: Partial<OpenLoopJob>): Promise<GeneratorResult> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const whole: OpenLoopJob = {
    port,
    host: "localhost",
    path: "/",
    connections: 4,
    warmUpMs: 100,
    durationMs: 500,
    expect: BODY,
    requestsPerSecond: 200,
    ...job,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [GENERATOR, JSON.stringify(whole)]);
  return JSON.parse(stdout.split("\n")[1] ?? "") as GeneratorResult;
}

test("what was due while the server stood still counts from when it was due, connections or not", async () => {
  const stallMs = 300;
  let stalledUntilMs: number | null = null;
  const result = await runAgainst((_req, res) => {
    stalledUntilMs ??= performance.now() + 100 + stallMs;
    const waitMs = Math.max(0, stalledUntilMs - performance.now());
    setTimeout(() => res.end(BODY), waitMs);
  }, {});
  // Half a second at 200 a second, none left out because another one waits.
  expect(result.requests).toBe(100);
  expect(result.wrong).toBe(0);
  expect(result.p99Ms).toBeGreaterThan(stallMs / 2);
});

test("a wrong answer is counted, and requests have the body that the job says", async () => {
  const json = { method: "PUT", body: JSON.stringify({ one: 1 }) };
  const bodies: string[] = [];
  const result = await runAgainst(
    (req, res) => {
      let body = "";
      req.on("data", (chunk) => (body += chunk));
      req.on("end", () => {
        bodies.push(`${req.method} ${body}`);
        res.end(bodies.length === 1 ? "wrong" : BODY);
      });
    },
    { json, durationMs: 50 },
  );
  expect(result.wrong).toBe(1);
  expect(new Set(bodies)).toEqual(new Set([`PUT ${json.body}`]));
});
