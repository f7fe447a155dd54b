import { writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { type LogLine, logLineSchema, registryPaths } from "@nano/protocol/registry-api";
import { eventually } from "@nano/test-kit/eventually";
import { generate } from "selfsigned";
import { expect, onTestFinished, test } from "vitest";
import { startFakeSupervisor } from "./fake-supervisor.ts";
import { openTestRegistry, temporaryDirectory } from "./open-test-registry.ts";

const BLOG = "blog" as AppName;
const VERSION = "v0123456789abcdef" as VersionId;
const LEASE_MS = 60_000;

function lineOf(text: string): LogLine {
  const at = "2026-11-22T12:00:00.000Z";
  return { type: "line", time: at, level: "info", text, version: VERSION, node: "elsewhere", requestId: null };
}

async function openLogs(settings: object = {}, executors: object = {}) {
  const socketPath = join(temporaryDirectory(), "api.sock");
  const opened = await openTestRegistry({ explicit: { http: { socketPath }, logs: settings, executors } });
  const ask = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const outgoing = get({ socketPath, path, agent: false }, resolve).on("error", reject);
      onTestFinished(() => void outgoing.destroy());
    });
  const createApp = async (app: AppName): Promise<void> => {
    await opened.store.commit([{ key: `app/${app}`, record: { kind: "app", name: app, activeVersion: null } }]);
  };
  await createApp(BLOG);
  const follow = async (app = BLOG, isReading = true) => {
    const answer = await ask(registryPaths.logs(app));
    let text = "";
    let isEnded = false;
    const read = (): void => {
      answer.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
      });
      answer.on("end", () => {
        isEnded = true;
      });
      answer.on("error", () => {});
    };
    if (isReading) read();
    const lines = (): LogLine[] =>
      text
        .split("\n")
        .slice(0, -1)
        .filter((line) => line !== "")
        .map((line) => logLineSchema.parse(JSON.parse(line)));
    const texts = (): string[] =>
      lines().map((line) => (line.type === "line" ? `${line.node}: ${line.text}` : line.type));
    return { answer, lines, texts, read, isEnded: () => isEnded, text: () => text };
  };
  const announce = async (node: Awaited<ReturnType<typeof startFakeSupervisor>>): Promise<void> => {
    await opened.store.renewLease(node.record, LEASE_MS);
  };
  return { ...opened, ask, follow, announce, createApp };
}

test("a follow has the app's lines of all nodes, those that come later too, named by their records", async () => {
  const { follow, announce } = await openLogs();
  const first = await startFakeSupervisor("n1");
  await announce(first);
  const { texts } = await follow();
  await eventually(() => first.followers().includes(BLOG));
  first.send(BLOG, lineOf("one"));
  await eventually(() => texts().length === 1);
  const second = await startFakeSupervisor("n2");
  await announce(second);
  await eventually(() => second.followers().includes(BLOG));
  second.send(BLOG, lineOf("two"));
  await eventually(() => texts().length === 2);
  expect(texts()).toEqual(["n1: one", "n2: two"]);
});

test("a link that is lost is dialled again, and nothing half a line old is told", async () => {
  const { follow, announce } = await openLogs();
  const node = await startFakeSupervisor("n1");
  await announce(node);
  const { texts } = await follow();
  await eventually(() => node.followers().length === 1);
  node.sendRaw(BLOG, '{"type":"line","ti');
  for (const link of node.links) link.close();
  await eventually(() => node.links.size === 1 && node.followers().length === 1);
  node.sendRaw(BLOG, "no JSON\n{}\n");
  node.send(BLOG, lineOf("back"));
  await eventually(() => texts().length === 1);
  expect(texts()).toEqual(["n1: back"]);
});

test("nobody is dialled before somebody follows, nor after", async () => {
  const { follow, announce } = await openLogs();
  const node = await startFakeSupervisor("n1");
  await announce(node);
  const { answer } = await follow();
  await eventually(() => node.followers().length === 1);
  answer.destroy();
  await eventually(() => node.links.size === 0);
});

test("a reader that does not read loses lines, and is told how many", async () => {
  const { follow, announce } = await openLogs({ followerBytes: 1024 * 1024 });
  const node = await startFakeSupervisor("n1");
  await announce(node);
  const slow = await follow(BLOG, false);
  await eventually(() => node.followers().length === 1);
  const lineCount = 300;
  const big = lineOf("x".repeat(64 * 1024));
  for (let i = 0; i < lineCount; i += 1) {
    node.send(BLOG, big);
    await new Promise((resolve) => setImmediate(resolve));
  }
  slow.read();
  const told = (): number => slow.lines().reduce((sum, line) => sum + (line.type === "dropped" ? line.count : 1), 0);
  await eventually(() => told() === lineCount);
  expect(slow.lines().some((line) => line.type === "dropped" && line.node === "n1")).toBe(true);
});

test("readers are bounded; an app that is not there has none, and one that goes ends them", async () => {
  const { ask, follow, store, createApp } = await openLogs({ followerCount: 1 });
  expect((await ask(registryPaths.logs("nobody" as AppName))).statusCode).toBe(404);
  await createApp("shop" as AppName);
  const { isEnded } = await follow();
  expect((await ask(registryPaths.logs("shop" as AppName))).statusCode).toBe(503);
  await store.commit([{ key: `app/${BLOG}`, record: null }]);
  await eventually(isEnded);
  expect((await ask(registryPaths.logs("shop" as AppName))).statusCode).toBe(200);
});

test("a follow ends after its time, so that who follows signs in anew", async () => {
  const { follow } = await openLogs({ followMs: 1000 });
  const { isEnded } = await follow();
  await eventually(isEnded);
});

test("executors that want TLS are followed by the authority that is set, and not without", async () => {
  const name = "executor.nano";
  const issued = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: name }] }],
  });
  const tlsCaFile = join(temporaryDirectory(), "ca.pem");
  writeFileSync(tlsCaFile, issued.cert);
  const node = await startFakeSupervisor("one", { cert: issued.cert, key: issued.private });
  const [trusting, blind] = [await openLogs({}, { tlsCaFile }), await openLogs()];
  const followed = await trusting.follow();
  await blind.follow();
  await trusting.announce(node);
  await blind.announce(node);
  await eventually(() => node.followers().length === 1);
  node.send(BLOG, lineOf("by TLS"));
  await eventually(() => followed.texts().includes("one: by TLS"));
  expect(node.links.size).toBe(1);
});
