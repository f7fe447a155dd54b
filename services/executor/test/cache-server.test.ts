/** Operations over a worker's link: how many at once, how slow, and what becomes of those that are given up. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OutboundFetch } from "@nano/isolate/isolate";
import { dialLink } from "@nano/link/dial-link";
import type { AppIdentity, AppName } from "@nano/protocol/brands";
import type { CacheCommand } from "@nano/protocol/cache-command";
import { eventually } from "@nano/test-kit/eventually";
import { expect, onTestFinished, test } from "vitest";
import { type CacheApiConfig, defaultCacheApiConfig } from "../src/cache/cache-config.ts";
import { CacheServer } from "../src/cache/cache-server.ts";
import { cacheOwnerOf, createCacheClient } from "../src/request/cache-client.ts";

const COMMAND = { cache: null, ignoreSearch: false, ignoreVary: false, entry: null, isAll: false, response: null };
const RESPONSE = { status: 200, statusText: "", headers: "", url: "", isRedirected: false, hasBody: true };
const URL_OF = "https://a/";

interface Ended {
  readonly status: number;
  readonly body: Buffer;
  readonly failure: string | null;
}

async function startCache(limits: Partial<CacheApiConfig> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "nano-cache-"));
  const config = { ...defaultCacheApiConfig(join(directory, "responses")), ...limits };
  const server = await CacheServer.open({ config, report: () => undefined });
  const address = join(directory, "cache.sock");
  await server.links.listen(address);
  server.links.admit("worker", "secret");
  const dialed = await dialLink({ address, credential: "secret", peer: "worker" });
  if (dialed.type !== "open") throw dialed.outcome.error;
  const client = createCacheClient();
  client.use(dialed.link);
  onTestFinished(async () => {
    dialed.link.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const ask = (command: Partial<CacheCommand> & Pick<CacheCommand, "operation">, app = "app", cacheBytes?: number) => {
    const ended = Promise.withResolvers<Ended>();
    const chunks: Buffer[] = [];
    let status = 0;
    const end = (failure: string | null): void => ended.resolve({ status, body: Buffer.concat(chunks), failure });
    const head = {
      app,
      method: "GET",
      url: URL_OF,
      headers: "",
      redirect: "follow",
      cache: { ...COMMAND, ...command },
      cacheBytes,
    };
    const call: OutboundFetch = client.open(head as Parameters<typeof client.open>[0], {
      onHead: (answer) => {
        status = answer.status;
        call.pull();
      },
      onChunk: (chunk) => {
        chunks.push(Buffer.from(chunk));
        call.pull();
      },
      onEnd: () => end(null),
      onError: (message) => end(message),
      onBodyDrain: () => undefined,
    });
    return { call, ended: ended.promise };
  };
  const put = async (body: Buffer, app = "app", cacheBytes?: number): Promise<Ended> => {
    const { call, ended } = ask({ operation: "put", response: RESPONSE }, app, cacheBytes);
    call.writeBody(new Uint8Array(body).buffer);
    call.endBody();
    return await ended;
  };
  return {
    server,
    directory: config.directory,
    link: dialed.link,
    ask,
    put,
    match: async (app?: string) => await ask({ operation: "match" }, app).ended,
  };
}

test("an app's operations that do not fit wait, and beyond that are refused by name; another app's run", async () => {
  const { server, ask, put } = await startCache({ operationsPerAppCount: 1, queuedPerAppCount: 1 });
  const held = ask({ operation: "put", response: RESPONSE });
  await eventually(() => server.counts.runningCount === 1);
  const waiting = ask({ operation: "match" });
  await eventually(() => server.counts.waitingCount === 1);
  expect((await ask({ operation: "match" }).ended).failure).toMatch(
    /^Too many cache operations at once: this app has all of its 1/,
  );
  expect((await put(Buffer.from("x"), "other")).status).toBe(204);
  held.call.writeBody(new TextEncoder().encode("held").buffer);
  held.call.endBody();
  expect((await held.ended).status).toBe(204);
  expect((await waiting.ended).body.toString()).toBe("held");
});

test("what an app's own limit does not leave room for is refused by that, and is another's to keep", async () => {
  const { put } = await startCache();
  const body = Buffer.alloc(64 * 1024);
  expect((await put(body, "app", 32 * 1024)).failure).toContain("this app may have 32768 bytes");
  expect((await put(body, "other")).status).toBe(204);
});

test("what an app keeps is found under its name and identity alone", async () => {
  const { put, match } = await startCache();
  const app = "shop" as AppName;
  const [first, second] = ["1", "2"].map((identity) => cacheOwnerOf({ app, identity: identity as AppIdentity }));
  const unnamed = cacheOwnerOf({ app });
  expect((await put(Buffer.from("of the first"), first)).status).toBe(204);
  for (const other of [second, unnamed]) expect((await match(other)).status).toBe(0);
  expect((await put(Buffer.from("of an earlier build"), unnamed)).status).toBe(204);
  expect((await match("shop")).body.toString(), "found by those that kept it under the name").toBe(
    "of an earlier build",
  );
  expect((await match(first)).body.toString()).toBe("of the first");
  expect((await match(second)).status).toBe(0);
});

test("a question that fits into no frame is refused by itself: the link, which other apps have too, stays", async () => {
  const { server, link, ask, put, match } = await startCache();
  const held = ask({ operation: "put", response: RESPONSE }, "other");
  await eventually(() => server.counts.runningCount === 1);
  const headers = `x-quotes\n${'"'.repeat(65_000)}\n`;
  const response = { ...RESPONSE, headers, url: `https://up/${"u".repeat(65_000)}`, statusText: "\u00ff".repeat(256) };
  const large = ask({ operation: "put", response: { ...response, headers: headers + headers } });
  expect((await large.ended).failure).toMatch(/are over 262144 bytes$/);
  // The largest that an app may keep comes back whole.
  const kept = ask({ operation: "put", response });
  kept.call.endBody();
  expect((await kept.ended).status).toBe(204);
  expect((await match()).status).toBe(200);
  held.call.endBody();
  expect((await held.ended).status).toBe(204);
  expect((await put(Buffer.from("x"))).status).toBe(204);
  expect(link.isOpen).toBe(true);
});

test("a put that brings nothing for too long is given up and leaves nothing", async () => {
  const { directory, ask, match } = await startCache({ idleTimeoutMs: 50 });
  const { call, ended } = ask({ operation: "put", response: RESPONSE });
  call.writeBody(new ArrayBuffer(100_000));
  expect((await ended).failure).toBe("Cache operation took too long: no byte moved for 50 ms");
  expect((await match()).status).toBe(0);
  await eventually(() => readdirSync(join(directory, "writing")).length === 0);
});

test("a put that its worker cancels, or whose link is lost, leaves nothing and gives its slot back", async () => {
  const { server, directory, link, ask } = await startCache({ operationsPerAppCount: 1 });
  const { call } = ask({ operation: "put", response: RESPONSE });
  call.writeBody(new ArrayBuffer(200_000));
  await eventually(() => readdirSync(join(directory, "writing")).length === 1);
  call.cancel();
  await eventually(() => server.counts.runningCount === 0 && server.counts.bytes === 0);
  const lost = ask({ operation: "put", response: RESPONSE });
  await eventually(() => server.counts.runningCount === 1);
  link.close();
  await eventually(() => server.counts.runningCount === 0 && server.counts.bytes === 0);
  expect(await lost.ended).toMatchObject({ status: 0, failure: null });
  expect(readdirSync(join(directory, "writing"))).toEqual([]);
  // And without a link there is nothing in the cache.
  expect(await ask({ operation: "match" }).ended).toMatchObject({ status: 0, failure: null });
});

test("a body that is damaged beyond its first block breaks off once, and is a miss from then on", async () => {
  const { directory, put, match } = await startCache();
  await put(Buffer.alloc(300_000, "x"));
  const [file = ""] = readdirSync(join(directory, "entries"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const handle = await open(file, "r+");
  await handle.write(Buffer.from("y"), 0, 1, 200_000);
  await handle.close();
  expect(await match()).toMatchObject({ status: 200, failure: "Cached response is damaged: it was removed" });
  expect(await match()).toMatchObject({ status: 0, failure: null });
});

test("an answer that nobody reads is given up, and holds no slot for longer", async () => {
  const { server, ask, put } = await startCache({ idleTimeoutMs: 50 });
  await put(Buffer.alloc(2_000_000, "x"));
  const { call } = ask({ operation: "match" });
  call.pull = () => undefined;
  await eventually(() => server.counts.operationsByOutcome.limited === 1, { timeoutMs: 5_000 });
  expect(server.counts.runningCount).toBe(0);
});
