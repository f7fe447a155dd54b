import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { eventually } from "@nano/test-kit/eventually";
import { afterEach, describe, expect, it, test } from "vitest";
import { BuildChild } from "../src/build/build-child.ts";
import { BuildChildren } from "../src/build/build-children.ts";
import type { ChildReport } from "../src/build/child-messages.ts";
import { childArguments } from "../src/build/child-permissions.ts";
import { buildChildIds } from "./builder-harness.ts";

const MIB = 1024 * 1024;
const JOB = {
  type: "make",
  attachSecret: "00",
  partBytes: [6],
  envJson: "{}",
  initTimeMs: 1_000,
  memoryBytes: 64 * MIB,
  warmUpRequests: null,
} as const;
/** What every hostile child of these tests begins with. */
const PRELUDE = `
  const { writeSync } = require("node:fs");
  const send = (header, body = "") => {
    const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32LE(json.length, 0);
    prefix.writeUInt32LE(Buffer.byteLength(body), 4);
    writeSync(3, Buffer.concat([prefix, json, Buffer.from(body)]));
  };
  const stay = () => setInterval(() => {}, 1000);
`;

afterEach(() => {
  expect(buildChildIds()).toEqual([]);
});

/** Runs a job in a child that does what `code` says. */
async function runHostile(
  code: string,
  options: { limitMs?: number; memoryLimitBytes?: number; signal?: AbortSignal } = {},
) {
  const reports: ChildReport[] = [];
  const child = new BuildChild(["-e", PRELUDE + code]);
  const { end } = await child.run(JOB, Buffer.from("script"), {
    memoryLimitBytes: options.memoryLimitBytes ?? 512 * MIB,
    limitMsAfter: () => options.limitMs ?? 10_000,
    onReport: (report) => reports.push(report),
    signal: options.signal ?? new AbortController().signal,
  });
  return { end, reports };
}

test("a build child leaves no core dump, and has a ceiling on descriptors", async () => {
  const child = new BuildChild(["-e", `${PRELUDE}stay();`]);
  await eventually(() => buildChildIds().length === 1);
  const [pid] = buildChildIds();
  await eventually(() => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith(process.execPath));
  const limits = readFileSync(`/proc/${pid}/limits`, "latin1");
  const filter = readFileSync(`/proc/${pid}/coredump_filter`, "latin1");
  await child.dispose();
  expect(limits).toMatch(/^Max core file size +0 +0 /m);
  expect(limits).toMatch(/^Max open files +1024 +1024 /m);
  expect(Number.parseInt(filter, 16)).toBe(0);
});

describe("a build child that", () => {
  it.each([
    ["writes text", `writeSync(3, "hello, builder\\n".repeat(10)); stay();`],
    [
      "announces a header that is too large",
      `const p = Buffer.alloc(8); p.writeUInt32LE(0xffffffff, 0); writeSync(3, p); stay();`,
    ],
    [
      "announces a body that is too large",
      `const p = Buffer.alloc(8); p.writeUInt32LE(0xffffffff, 4); writeSync(3, p); stay();`,
    ],
    ["writes no JSON", `send("{"); stay();`],
    ["writes a report of no known type", `send({ type: "root" }); stay();`],
    ["writes a report of a wrong shape", `send({ type: "probed", answer: 1, contextMs: -1 }); stay();`],
    ["writes an init of a wrong shape", `send({ type: "init", outcome: { type: "threw", name: {} } }); stay();`],
    ["writes without an end", `for (;;) send({ type: "begun" });`],
  ])("%s is killed", async (_, code) => {
    expect((await runHostile(code)).end).toEqual({ type: "garbage" });
  });

  it("does nothing after it has begun is killed at its deadline", async () => {
    const { end, reports } = await runHostile(`send({ type: "begun" }); stay();`, { limitMs: 100 });
    expect(end).toEqual({ type: "deadline", limitMs: 100 });
    expect(reports).toEqual([{ type: "begun" }]);
  });

  it("takes more memory than its ceiling is killed", async () => {
    const { end } = await runHostile("globalThis.all = []; setInterval(() => all.push(Buffer.alloc(8e6, 1)));", {
      memoryLimitBytes: 200 * MIB,
    });
    expect(end).toEqual({ type: "memory", limitBytes: 200 * MIB });
  });

  it.each([
    ["exits", "process.exit(7)", "exit code 7"],
    ["kills itself", `process.kill(process.pid, "SIGSEGV"); stay();`, "SIGSEGV"],
    ["aborts", "process.abort()", "SIGABRT"],
  ])("%s is reported lost, with how", async (_, code, cause) => {
    expect((await runHostile(code)).end).toEqual({ type: "lost", cause: expect.stringContaining(cause) });
  });

  it("ends in order is finished, with the reports that came", async () => {
    const { end, reports } = await runHostile(
      `send({ type: "begun" }); send({ type: "made" }, "heap"); process.exit(0);`,
    );
    expect(end).toEqual({ type: "finished" });
    expect(reports.map((report) => report.type)).toEqual(["begun", "made"]);
  });

  it.each([
    ["made", `send({ type: "made" }, "heap")`],
    ["unmade", `send({ type: "unmade", cause: "x", stack: "" })`],
    ["probed", `send({ type: "probed", answer: "200", contextMs: 1 })`],
    ["unprobed", `send({ type: "unprobed", cause: "x" })`],
    ["a failed init", `send({ type: "init", lines: [], notes: [], outcome: { type: "timeout" } })`],
  ])("has said its last word (%s) is finished, and not waited for", async (_, code) => {
    const { end, reports } = await runHostile(`send({ type: "begun" }); ${code}; stay();`);
    expect(end).toEqual({ type: "finished" });
    expect(reports).toHaveLength(2);
  });

  it("is not wanted any more is killed", async () => {
    const cancelling = new AbortController();
    const running = runHostile("stay()", { signal: cancelling.signal });
    cancelling.abort();
    expect((await running).end).toEqual({ type: "cancelled" });
  });
});

describe("spare children", () => {
  it("are there before a build, for each of its steps, and replaced only when it is over", async () => {
    const children = new BuildChildren({ spareCount: 2 });
    const spares = buildChildIds();
    expect(spares).toHaveLength(2);
    const first = children.take();
    expect(buildChildIds()).toEqual(spares);
    await children.release(first);
    const second = children.take();
    expect(buildChildIds(), "the second step has the other one").toHaveLength(1);
    expect(spares).toContain(buildChildIds()[0]);
    await children.release(second);
    expect(buildChildIds()).toEqual([]);
    await eventually(() => buildChildIds().length === 2);
    await children.close();
  });

  it("are started along where a step finds none", async () => {
    const children = new BuildChildren({ spareCount: 2 });
    const taken = [children.take(), children.take()];
    expect(buildChildIds()).toHaveLength(2);
    taken.push(children.take());
    expect(buildChildIds()).toHaveLength(4);
    taken.push(children.take());
    expect(buildChildIds()).toHaveLength(4);
    await Promise.all(taken.map((child) => children.release(child)));
    await children.close();
  });

  it("are not given out where they have died", async () => {
    const children = new BuildChildren({ spareCount: 1 });
    const [spare = 0] = buildChildIds();
    process.kill(spare, "SIGKILL");
    await eventually(() => !buildChildIds().includes(spare));
    const child = children.take();
    expect(child.isUsable).toBe(true);
    await children.release(child);
    await children.close();
  });

  it("are gone when they are closed, and none comes after", async () => {
    const children = new BuildChildren({ spareCount: 2 });
    await children.release(children.take());
    await children.close();
    expect(buildChildIds()).toEqual([]);
  });
});

it.each([
  ["reads a file of the machine", `require("node:fs").readFileSync("/etc/passwd")`],
  ["writes a file", `require("node:fs").writeFileSync("/tmp/nano-build-child", "x")`],
  ["starts a process", `require("node:child_process").execFileSync("/bin/true")`],
  ["starts a thread", `new (require("node:worker_threads").Worker)("0", { eval: true })`],
  ["opens a connection", `require("node:net").connect(9, "127.0.0.1").on("error", (e) => { throw e; })`],
])("code in a build child that %s is refused", async (_, code) => {
  const nodeArguments = [...childArguments().slice(0, -1), "-e", code];
  const stderr = await new Promise<string>((resolve) => {
    execFile(process.execPath, nodeArguments, { env: {} }, (_error, _stdout, text) => resolve(text));
  });
  expect(stderr).toContain("ERR_ACCESS_DENIED");
});
