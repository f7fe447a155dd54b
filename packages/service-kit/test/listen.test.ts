import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listenOn, parseAddress } from "../src/listen.ts";

function openServer(): Server {
  const server = createServer();
  onTestFinished(() => void server.close());
  return server;
}

function socketPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "nano-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, "below", "x.sock");
}

test("addresses come apart into what listen and connect take", () => {
  expect(parseAddress("127.0.0.1:80")).toEqual({ host: "127.0.0.1", port: 80 });
  expect(parseAddress("[::1]:80")).toEqual({ host: "::1", port: 80 });
  expect(parseAddress("/run/x.sock")).toEqual({ path: "/run/x.sock" });
});

test("port 0 gives the port that was free", async () => {
  expect(await listenOn(openServer(), "127.0.0.1:0")).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
});

test("a Unix socket is for this user alone", async () => {
  const path = socketPath();
  expect(await listenOn(openServer(), path)).toBe(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("an address where somebody listens is refused by name", async () => {
  const bound = await listenOn(openServer(), "127.0.0.1:0");
  const path = await listenOn(openServer(), socketPath());
  for (const address of [bound, path]) {
    const refusal = expect.objectContaining({ code: "KIT_ADDRESS_IN_USE", message: expect.stringContaining(address) });
    await expect(listenOn(openServer(), address)).rejects.toEqual(refusal);
  }
});

test("a socket that a killed process left behind is replaced", async () => {
  const path = socketPath();
  const child = fork(new URL("./fixtures/listener.ts", import.meta.url), [path], { execArgv: [] });
  await once(child, "message");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await listenOn(openServer(), path)).toBe(path);
});
