import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { EgressSettings } from "../src/egress/egress-config.ts";
import { defaultEgressSettings } from "../src/egress/egress-config.ts";
import type { EgressCounts } from "../src/egress/egress-counters.ts";
import type { LinkedCommand, LinkedReport } from "../src/linked/linked-messages.ts";

type EgressCommand = LinkedCommand<EgressSettings>;
type EgressReport = LinkedReport<EgressCounts>;

import { dial, egressFetch, startOrigin } from "./egress-harness.ts";

const ENTRY = new URL("../src/egress/egress.main.ts", import.meta.url);

function forkEgress(): { child: ChildProcess; tell: (command: EgressCommand) => void } {
  const child = fork(ENTRY, { env: {}, execArgv: [] });
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
  });
  return { child, tell: (command) => child.send(command) };
}

async function nextReport<T extends EgressReport["type"]>(child: ChildProcess, type: T) {
  for (;;) {
    const [report] = (await once(child, "message")) as [EgressReport];
    if (report.type === type) return report as Extract<EgressReport, { type: T }>;
  }
}

it("the process serves admitted workers on its socket, which is its user's alone, and drains on command", async () => {
  const directory = await mkdtemp(join(tmpdir(), "nano-egress-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const socketPath = join(directory, "egress.sock");
  const { child, tell } = forkEgress();
  tell({ type: "start", socketPath, settings: { ...defaultEgressSettings(), allowedRanges: ["127.0.0.0/8"] } });
  tell({ type: "admit", worker: "w", credential: "secret" });
  await nextReport(child, "ready");
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  const link = await dial(socketPath, "secret");
  const { origin } = await startOrigin((_, response) => response.end("hello"));
  expect((await egressFetch(link, origin)).body.toString()).toBe("hello");
  const exited = once(child, "exit");
  const counts = nextReport(child, "counts");
  tell({ type: "drain" });
  expect((await counts).counts.fetchesByOutcome.answered).toBe(1);
  expect(await exited).toEqual([0, null]);
});

it("the process ends with its supervisor's channel", async () => {
  const { child } = forkEgress();
  await once(child, "spawn");
  const exited = once(child, "exit");
  child.disconnect();
  expect((await exited)[0]).toBe(0);
});

it("a wrong setting is reported, and ends the process", async () => {
  const { child, tell } = forkEgress();
  const exited = once(child, "exit");
  const failed = nextReport(child, "failed");
  tell({
    type: "start",
    socketPath: "/nowhere/x",
    settings: { ...defaultEgressSettings(), allowedRanges: ["10.0.0.0"] },
  });
  expect((await failed).message).toContain("allowedRanges[0] is wrong");
  expect((await exited)[0]).toBe(1);
});
