import { createServer, type ServerResponse } from "node:http";
import type { LogLine } from "@nano/protocol/registry-api";
import { listenOn } from "@nano/service-kit/listen";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import { formatLine } from "../src/cluster/follow-logs.ts";
import { ExitCode } from "../src/exit-codes.ts";
import { Terminal } from "../src/output/terminal.ts";
import { createUser, HELLO, openCluster, writeApp } from "./cluster-harness.ts";

const terminal = new Terminal({ stream: { write: () => true, once: () => {} }, env: {} });

function lineOf(text: string, change: Partial<Extract<LogLine, { type: "line" }>> = {}): LogLine {
  const time = "2026-11-22T12:00:00.000Z";
  return {
    type: "line",
    time,
    level: "log",
    text,
    version: "v0123456789abcdef" as never,
    node: "n1",
    requestId: null,
    ...change,
  };
}

describe("a line", () => {
  test("says when, where and of which version, and has its prefix on each of its own lines", () => {
    const [first, second] = formatLine(lineOf("one\n12:00:00 n2 v999999 | two"), terminal);
    expect(first).toMatch(/^\d\d:00:00 n1 v012345 \| one$/);
    expect(second).toMatch(/^\d\d:00:00 n1 v012345 \| 12:00:00 n2 v999999 \| two$/);
  });

  test("moves no cursor, whichever of its parts tries to", () => {
    const hostile = "\u001b[2J\u009b1A\r\u202e";
    const shown = formatLine(
      lineOf(hostile, { level: "error", requestId: hostile, node: hostile, time: hostile }),
      terminal,
    );
    for (const character of "\u001b\u009b\r\u202e") expect(shown.join("\n")).not.toContain(character);
  });

  test("that stands for lines that were dropped says how many, and where", () => {
    expect(formatLine({ type: "dropped", count: 7, node: "n1" }, terminal)).toEqual([
      "… 7 lines of n1 were dropped: they came faster than they could be shown",
    ]);
  });
});

/** A registry that tells logs, as a test says. */
async function serveLogs() {
  const answers: ServerResponse[] = [];
  const server = createServer((_, res) => {
    res.writeHead(200, { "content-type": "application/x-ndjson" });
    res.write("\n");
    answers.push(res);
  });
  const address = await listenOn(server, "127.0.0.1:0");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://${address}`, answers };
}

test("lines are shown as they come, over a stream that breaks off, until Ctrl-C", async () => {
  const { url, answers } = await serveLogs();
  let shown = "";
  const following = createUser().nanoctl(["logs", "blog", "--follow", "--json", "--url", url], {
    onOutput: (stdout) => {
      shown = stdout;
    },
  });
  await eventually(() => answers.length === 1);
  const one = JSON.stringify(lineOf("one"));
  const two = JSON.stringify(lineOf("two \u009b2J"));
  answers[0]?.write(`${one}\n\n{"type":"li`);
  await eventually(() => shown.includes("one"));
  answers[0]?.destroy();
  await eventually(() => answers.length === 2);
  answers[1]?.write(`${two}\n`);
  await eventually(() => shown.includes("two"));
  process.emit("SIGINT");
  const { exitCode, stdout, stderr } = await following;
  expect([exitCode, stdout]).toEqual([ExitCode.INTERRUPTED, `${one}\n${two.replace("\u009b", "\\u009b")}\n`]);
  expect(stderr).toBe("following blog; Ctrl-C ends it\nlost the registry: trying again\nback: following again\n");
});

test("an app that is not there is told at once; one that is has its follow", async () => {
  const { socket } = await openCluster();
  const { nanoctl } = createUser();
  const absent = await nanoctl(["logs", "blog", "--url", socket]);
  expect([absent.exitCode, absent.stderr]).toEqual([ExitCode.ERROR, expect.stringContaining("There is no app blog")]);
  await nanoctl(["deploy", writeApp("blog", HELLO), "--url", socket]);
  const following = nanoctl(["logs", "blog", "--url", socket], { onProblems: () => process.emit("SIGINT") });
  expect((await following).exitCode).toBe(ExitCode.INTERRUPTED);
});
