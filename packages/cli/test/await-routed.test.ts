import { createServer } from "node:http";
import { listenOn } from "@nano/service-kit/listen";
import { expect, onTestFinished, test } from "vitest";
import { awaitRouted } from "../src/run/await-routed.ts";

/** Admin endpoints of a router and an executor, that answer what a test says. Each look takes the next answer, the last one stays. */
async function startFakes(answers: { readyz: number[]; feed: (object | null)[] }) {
  const next = <T>(list: T[]): T => (list.length > 1 ? list.shift() : list[0]) as T;
  const looks: string[] = [];
  const server = createServer((req, res) => {
    looks.push(req.url ?? "");
    if (req.url === "/readyz") return res.writeHead(next(answers.readyz)).end("{}");
    const position = next(answers.feed);
    return res.writeHead(position === null ? 503 : 200).end(JSON.stringify(position));
  });
  const address = await listenOn(server, "127.0.0.1:0");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const readPosition = async () => {
    looks.push("position");
    return { epoch: "e", seq: 7 };
  };
  return { looks, options: { router: address, executor: address, readPosition } };
}

test("it waits until the router has the registry's last change, whatever it had before", async () => {
  const feed = [null, { epoch: "e", seq: 6 }, { epoch: "older", seq: 9 }, { epoch: "e", seq: 7 }];
  const { looks, options } = await startFakes({ readyz: [200], feed });
  expect(await awaitRouted(options)).toBeNull();
  expect(looks).toEqual(["/readyz", "position", "/feed", "/feed", "/feed", "/feed"]);
});

test("the position is read when the executor is announced, not before", async () => {
  const { looks, options } = await startFakes({ readyz: [503, 503, 200], feed: [{ epoch: "e", seq: 8 }] });
  expect(await awaitRouted(options)).toBeNull();
  expect(looks).toEqual(["/readyz", "/readyz", "/readyz", "position", "/feed"]);
});

test("it ends when its time is over, and says what is missing", async () => {
  const late = await startFakes({ readyz: [200], feed: [{ epoch: "e", seq: 6 }] });
  expect(await awaitRouted({ ...late.options, timeoutMs: 300 })).toBe("the router has not taken up the newest state");
  const none = await startFakes({ readyz: [503], feed: [null] });
  expect(await awaitRouted({ ...none.options, timeoutMs: 30 })).toBe("the executor is not ready");
  const silent = { ...late.options, timeoutMs: 300, readPosition: () => Promise.reject(new Error("gone")) };
  expect(await awaitRouted(silent)).toBe("the registry does not answer");
  const gone = { ...late.options, executor: "/nowhere/admin.sock", timeoutMs: 30 };
  expect(await awaitRouted(gone)).toBe("the executor is not ready");
});

test("it ends when what waits for it does", async () => {
  const { options } = await startFakes({ readyz: [503], feed: [null] });
  const ending = new AbortController();
  const waiting = awaitRouted({ ...options, signal: ending.signal });
  ending.abort();
  expect(await waiting).toBe("the executor is not ready");
});
