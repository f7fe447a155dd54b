/** Client libraries that people have, and what frameworks speak over WebSockets, through a whole NANO. */
import { randomBytes } from "node:crypto";
import dns from "node:dns";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "graphql-ws";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";
import { NanoProcess } from "../../support/nano-process.ts";
import { clientLibraries, LibraryClient } from "./client-libraries.ts";

const APPS = ["echo", "push", "hono", "crossws", "graphql-ws", "yjs"];
const directory = mkdtempSync(join(tmpdir(), "nano-clients-"));
let nano: NanoProcess;

beforeAll(async () => {
  // As browsers do: names below localhost are this machine.
  vi.spyOn(dns, "lookup").mockImplementation(((_name: string, options: { all?: boolean }, answer: AnyAnswer) =>
    options.all === true
      ? answer(null, [{ address: "127.0.0.1", family: 4 }])
      : answer(null, "127.0.0.1", 4)) as unknown as typeof dns.lookup);
  const configFile = join(directory, "nano.config.json");
  const apps = APPS.map((name) => ({
    hostname: `${name}.localhost`,
    entrypoint: fileURLToPath(new URL(`apps/${name}/index.js`, import.meta.url)),
    limits: { cpu_time_ms: 2_000 },
  }));
  writeFileSync(configFile, JSON.stringify({ server: { port: 0, admin_port: 0 }, apps }));
  nano = await NanoProcess.start(["--config", configFile]);
}, 120_000);
afterAll(async () => {
  await nano?.close();
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

type AnyAnswer = (error: null, ...answer: unknown[]) => void;

const urlOf = (name: string, path = "/"): string => `ws://${name}.localhost:${nano.port}${path}`;

const library = (name: string) => clientLibraries[name] ?? expect.fail(`No library ${name}`);

describe.each(Object.keys(clientLibraries))("the client %s", (name) => {
  test("agrees on a sub-protocol, and gets back what it sent", async () => {
    const client = await LibraryClient.open(library(name), urlOf("echo"), ["one", "two"]);
    expect(client.protocol).toBe("one");
    const bytes = randomBytes(300_000);
    const messages = ["κόσμε", "x".repeat(70_000), Buffer.alloc(0), Buffer.of(0, 128, 255), bytes];
    for (const message of messages) client.send(message);
    for (const message of messages) expect(await client.next()).toEqual(message);
    expect(await client.close(4000, "enough")).toEqual({ code: 4000, reason: "enough" });
  });

  test("hears pushes, and the code and reason of the app's close", async () => {
    const client = await LibraryClient.open(library(name), urlOf("push", "/?first=2&count=2&every=5&close=4321"));
    for (const text of ["first 0", "first 1", "0", "1"]) expect(await client.next()).toBe(text);
    expect(await client.closed).toEqual({ code: 4321, reason: "done" });
  });

  test("is told that the app refused", async () => {
    await expect(LibraryClient.open(library(name), urlOf("echo", "/refuse"))).rejects.toThrow(/not opened/);
  });
});

test("Hono's upgradeWebSocket counts on in one connection and closes it", async () => {
  const client = await LibraryClient.open(library("faye-websocket"), urlOf("hono", "/ws/red"));
  client.send("hi");
  expect(await client.next()).toBe("red 1: HI");
  client.send("again");
  expect(await client.next()).toBe("red 2: AGAIN");
  const from = nano.output.length;
  client.send("bye");
  expect(await client.closed).toEqual({ code: 4001, reason: "bye" });
  await nano.waitForOutput(/hono \|[^\n]*closed 4001/, from);
  expect((await nano.ask("hono.localhost", "/ws/red")).status).toBe(426);
});

test("crossws's adapter for Workers opens, answers and hears the close", async () => {
  const client = await LibraryClient.open(library("websocket"), urlOf("crossws"));
  client.send("hi");
  client.send("json");
  client.send(Buffer.from("abc"));
  const answers = ["welcome", "echo: hi", '{"id":"string"}', Buffer.from("cba")];
  for (const answer of answers) expect(await client.next()).toEqual(answer);
  const from = nano.output.length;
  await client.close(4000, "bye");
  await nano.waitForOutput(/crossws \|[^\n]*closed 4000 bye/, from);
});

test("graphql-ws's client gets a subscription to its end", async () => {
  const client = createClient({ url: urlOf("graphql-ws"), webSocketImpl: WebSocket, retryAttempts: 0 });
  const counts: unknown[] = [];
  for await (const { data } of client.iterate({ query: "subscription { countdown(from: 3) }" })) {
    counts.push(data?.countdown);
  }
  expect(counts).toEqual([3, 2, 1, 0]);
  await client.dispose();
});

test("Yjs brings a document of the client and one of the app together", async () => {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "from the client, ");
  const client = await LibraryClient.open(library("Node's own"), urlOf("yjs"));
  const send = (write: (encoder: encoding.Encoder) => void): void => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    write(encoder);
    if (encoding.length(encoder) > 1) client.send(Buffer.from(encoding.toUint8Array(encoder)));
  };
  send((encoder) => sync.writeSyncStep1(encoder, doc));
  const text = doc.getText("text");
  const seen = doc.getMap<number>("seen");
  while (!text.toString().includes("from the server") || seen.get("length") !== text.length) {
    const decoder = decoding.createDecoder((await client.next()) as Buffer);
    expect(decoding.readVarUint(decoder)).toBe(0);
    send((encoder) => sync.readSyncMessage(decoder, encoder, doc, null));
  }
  expect(text.toString()).toContain("from the client, ");
  expect((await client.close(1000)).code).toBe(1000);
});
