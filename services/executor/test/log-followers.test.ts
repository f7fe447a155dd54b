import { join } from "node:path";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import { encodeLogsQuestion } from "@nano/protocol/messages";
import { type LogLine, logLineSchema } from "@nano/protocol/registry-api";
import { Metrics } from "@nano/service-kit/metrics";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { AppLog } from "../src/control/app-log.ts";
import { LogFollowers, MAX_TEXT_CHARS } from "../src/control/log-followers.ts";
import { PostmortemServer } from "../src/control/postmortem-server.ts";
import type { WorkerPool } from "../src/control/worker-pool.ts";
import { temporaryDirectory } from "./sliver-fixture.ts";

const BLOG = "blog" as AppName;
const VERSION = "v0123456789abcdef" as VersionId;
const LIMIT_BYTES = 256 * 1024;

/** A supervisor's socket, the log behind it, and who follows. */
async function openNode(limitCount = 8) {
  const metrics = new Metrics("executor");
  const followers = new LogFollowers({ node: "n1", limitCount, limitBytes: LIMIT_BYTES, metrics });
  const written: string[] = [];
  const log = new AppLog({ sliverPath: () => undefined, write: (line) => written.push(line), followers });
  const address = join(temporaryDirectory(), "supervisor.sock");
  const pool = { examine: async () => null } as unknown as WorkerPool;
  const server = new PostmortemServer({ address, credential: "c", peer: "n1", pool, followers });
  await server.open();
  onTestFinished(() => server.close());
  const links: Link[] = [];
  onTestFinished(() => {
    for (const link of links) link.close();
  });
  const follow = async (app = BLOG, isReading = true) => {
    const dialled = await dialLink({ address, credential: "c", peer: "registry" });
    if (dialled.type === "ended") throw new Error(dialled.outcome.error.message);
    links.push(dialled.link);
    let text = "";
    let end: WireError | null = null;
    let unread = 0;
    const stream = dialled.link.openStream(
      encodeLogsQuestion({ app }),
      {
        onHead() {},
        onData(chunk) {
          text += chunk.toString("utf8");
          if (isReading) stream?.grant(chunk.length);
          else unread += chunk.length;
        },
        onEnd() {},
        onReset(error) {
          end = error;
        },
        onDrain() {},
      },
      { isEnd: true },
    );
    const lines = (): LogLine[] =>
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => logLineSchema.parse(JSON.parse(line)));
    const read = (): void => {
      isReading = true;
      stream?.grant(unread);
    };
    return { lines, read, link: dialled.link, end: () => end };
  };
  const say = (text: string, app = BLOG) =>
    log.write({ app, versionId: VERSION, requestId: "r1", level: "info", text });
  return { followers, follow, say, written, metrics };
}

test("who follows an app gets its lines, and those of no other, as the app's own output has them", async () => {
  const { followers, follow, say, written } = await openNode();
  const { lines } = await follow();
  await eventually(() => followers.count === 1);
  say('one\n{"type":"dropped","count":7,"node":null}');
  say("elsewhere", "shop" as AppName);
  say("two");
  await eventually(() => lines().length === 2);
  expect(lines()).toEqual([
    expect.objectContaining({ type: "line", text: 'one\n{"type":"dropped","count":7,"node":null}', level: "info" }),
    expect.objectContaining({ type: "line", text: "two", version: VERSION, node: "n1", requestId: "r1" }),
  ]);
  expect(written).toHaveLength(3);
});

test("a follower that does not read loses lines, is told how many, and holds up no other", async () => {
  const { followers, follow, say, metrics } = await openNode();
  const slow = await follow(BLOG, false);
  const quick = await follow();
  await eventually(() => followers.count === 2);
  const lineCount = 400;
  for (let i = 0; i < lineCount; i += 1) {
    say("x".repeat(4096));
    // Lets the quick one be served: its window is no larger.
    if (i % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(() => quick.lines().length > 0);
  slow.read();
  await eventually(() => slow.lines().some(({ type }) => type === "dropped"));
  say("after");
  const told = () => slow.lines().reduce((sum, line) => sum + (line.type === "dropped" ? line.count : 1), 0);
  await eventually(() => told() === lineCount + 1);
  expect(await metrics.registry.metrics()).toMatch(/executor_log_lines_not_followed_total [1-9]/);
});

test("the longest line is cut, and says so", async () => {
  const { followers, follow, say } = await openNode();
  const { lines } = await follow();
  await eventually(() => followers.count === 1);
  say("\u0001".repeat(MAX_TEXT_CHARS + 3));
  await eventually(() => lines().length === 1);
  const [line] = lines();
  expect(line?.type === "line" && line.text.endsWith("… (3 more characters)")).toBe(true);
});

test("followers are bounded, and who leaves makes room", async () => {
  const { followers, follow } = await openNode(1);
  const first = await follow();
  await eventually(() => followers.count === 1);
  const second = await follow();
  await eventually(() => second.end() !== null);
  expect(second.end()?.code).toBe("EXEC_TOO_MANY_FOLLOWERS");
  first.link.close();
  await eventually(() => followers.count === 0);
  await follow();
  await eventually(() => followers.count === 1);
});
