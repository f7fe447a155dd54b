import { writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { RequestId } from "@nano/protocol/brands";
import { encodePrepareHead } from "@nano/protocol/messages";
import { packAssets } from "@nano/sliver/asset-pack";
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { errors } from "../src/errors.ts";
import { ASSIGNMENT_WAIT_MS, MAX_HELD_REQUESTS } from "../src/request/version-table.ts";
import { appScript, nextVersionId, temporaryDirectory } from "./sliver-fixture.ts";
import { ask, GONE, openWorker, RouterStream, send } from "./worker-harness.ts";

const ECHO = appScript("console.log(request.url); return new Response(await request.text());");

describe("requests for a version that is not here yet", () => {
  test("wait, with what of their bodies came, and are served once it is", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    const versionId = nextVersionId();
    const get = send(link, { versionId });
    const whole = send(link, { versionId, method: "POST", body: "whole" });
    const open = send(link, { versionId, method: "POST", body: "open" });
    open.stream?.write(Buffer.from("first, "));
    await eventually(() => worker.links.streamCount === 3);
    await ask(link, { versionId: worker.serve(ECHO).assignment.versionId });
    expect(worker.needed).toEqual([versionId]);
    const { lane } = worker.serve(ECHO, { versionId });
    await Promise.all([get.done, whole.done]);
    open.stream?.end(Buffer.from("last"));
    await open.done;
    expect([get.text, whole.text, open.text]).toEqual(["", "whole", "first, last"]);
    await eventually(() => lane.isIdle);
  });

  test("are refused with the supervisor's reason, and asked for again by the next request", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    const versionId = nextVersionId();
    for (let round = 1; round <= 2; round++) {
      const heard = send(link, { versionId });
      await eventually(() => worker.needed.length === round);
      worker.versions.refuse(versionId, errors.VERSION_UNKNOWN({ versionId }).wire);
      await heard.done;
      expect(heard.error?.reason).toBe("version_unknown");
    }
  });

  test("a client that left is not served, and its place is free", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    const versionId = nextVersionId();
    const gone = Array.from({ length: MAX_HELD_REQUESTS }, () => send(link, { versionId, path: "/gone" }));
    await eventually(() => worker.links.streamCount === MAX_HELD_REQUESTS);
    const over = await ask(link, { versionId });
    expect(over.error).toMatchObject({ reason: "queue_full", retryable: true });
    for (const { stream } of gone) stream?.reset(GONE);
    await eventually(() => worker.links.streamCount === 0);
    const stays = send(link, { versionId, path: "/stays" });
    await eventually(() => worker.links.streamCount === 1);
    worker.serve(ECHO, { versionId });
    await stays.done;
    expect(stays.error).toBeNull();
    expect(worker.logs).toEqual(["http://subject.test/stays"]);
  });

  test("end when nobody answers for the version", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const heard = send(link, { versionId: nextVersionId() });
    await eventually(() => worker.needed.length === 1);
    vi.advanceTimersByTime(ASSIGNMENT_WAIT_MS);
    await heard.done;
    expect(heard.error).toMatchObject({ reason: "version_unknown", httpStatus: 503 });
  });

  test("those that a full queue refuses when the version comes are not run", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    const versionId = nextVersionId();
    const heard = ["/1", "/2", "/3"].map((path) => send(link, { versionId, path, method: "POST", body: "open" }));
    for (const { stream } of heard) stream?.write(Buffer.from("x"));
    // A link keeps its order: what was sent before has come when another is answered.
    const beside = worker.serve(appScript("return new Response();")).assignment.versionId;
    await ask(link, { versionId: beside });
    for (const { stream } of heard) stream?.end();
    await ask(link, { versionId: beside });
    const slow = appScript(
      "console.log(request.url); await new Promise((r) => setTimeout(r, 10)); return new Response();",
    );
    const { lane } = worker.serve(slow, { versionId, limits: { queueDepth: 1, concurrentRequests: 1 } });
    await Promise.all(heard.map(({ done }) => done));
    await eventually(() => lane.isIdle);
    expect(heard.map(({ error }) => error?.reason)).toEqual([undefined, undefined, "queue_full"]);
    expect(worker.logs).toEqual(["http://subject.test/1", "http://subject.test/2"]);
    expect(lane.waitingCount).toBe(0);
  });

  test("one whose held body is over the limit is refused once", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    const versionId = nextVersionId();
    const heard = send(link, { versionId, method: "POST", body: "open" });
    for (let i = 0; i < 5; i++) heard.stream?.write(Buffer.alloc(20_000));
    await ask(link, { versionId: worker.serve(appScript("return new Response();")).assignment.versionId });
    const { lane } = worker.serve(ECHO, { versionId, limits: { requestBodyBytes: 30_000 } });
    await heard.done;
    expect(heard.error?.httpStatus).toBe(413);
    expect(lane.waitingCount).toBe(0);
  });
});

describe("assets", () => {
  async function packOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
    const directory = temporaryDirectory();
    await mkdir(join(directory, "files"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, "files", name), text);
    const path = join(directory, "pack");
    writeFileSync(path, await packAssets(join(directory, "files")));
    return path;
  }

  test("are answered before the script, and alone where there is none", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    const assetsPath = await packOf({ "a.txt": "of the pack", "index.html": "<p>" });
    const both = worker.serve(appScript("return new Response('of the script');"), { assetsPath }).assignment.versionId;
    expect((await ask(link, { versionId: both, path: "/a.txt" })).text).toBe("of the pack");
    expect((await ask(link, { versionId: both, path: "/b.txt" })).text).toBe("of the script");
    expect((await ask(link, { versionId: both, path: "/a.txt", method: "POST", body: "x" })).text).toBe(
      "of the script",
    );
    const alone = worker.serve(null, { assetsPath }).assignment.versionId;
    expect((await ask(link, { versionId: alone })).text).toBe("<p>");
    expect((await ask(link, { versionId: alone, path: "/b.txt" })).error?.httpStatus).toBe(404);
    expect((await ask(link, { versionId: alone, method: "POST", body: "x" })).error?.httpStatus).toBe(405);
  });

  test("HEAD and a fresh copy get no body", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    const { versionId } = worker.serve(null, { assetsPath: await packOf({ "a.txt": "text" }) }).assignment;
    const head = await ask(link, { versionId, path: "/a.txt", method: "HEAD" });
    expect([head.head?.status, head.text]).toEqual([200, ""]);
    const etag = head.headers[head.headers.indexOf("etag") + 1] ?? "";
    const fresh = await ask(link, { versionId, path: "/a.txt", headers: ["if-none-match", `"x", ${etag}`] });
    expect([fresh.head?.status, fresh.text]).toEqual([304, ""]);
  });

  test("a file that is being sent is sent to its end, also when its version is let go of", async () => {
    const worker = await openWorker();
    const link = await worker.dial();
    const big = Buffer.alloc(1_000_000, "nano");
    const served = worker.serve(null, { assetsPath: await packOf({ "big.bin": big }) });
    const { versionId } = served.assignment;
    const slow = send(link, { versionId, path: "/big.bin" });
    slow.isTaking = false;
    const leaves = send(link, { versionId, path: "/big.bin" });
    leaves.isTaking = false;
    await eventually(() => slow.body.length >= 256 * 1024);
    served.lane.retire(() => {
      worker.versions.delete(versionId);
      served.close();
    });
    leaves.stream?.reset(GONE);
    slow.isTaking = true;
    slow.stream?.grant(slow.body.length);
    await slow.done;
    expect(slow.body.equals(big)).toBe(true);
    expect(link.isOpen).toBe(true);
  });
});

test("a version that a router asks to hold ready has an isolate before its first request", async () => {
  const worker = await openWorker();
  const { assignment, lane } = worker.serve(appScript("return new Response('warm');"));
  const link = await worker.dial();
  const asked = new RouterStream();
  link.openStream(encodePrepareHead("r-1" as RequestId, assignment.versionId), asked, { isEnd: true });
  await asked.done;
  expect(asked.head?.status).toBe(204);
  expect([lane.isWarm, lane.runningCount, lane.waitingCount]).toEqual([true, 0, 0]);
  expect((await ask(link, { versionId: assignment.versionId })).text).toBe("warm");
});

test("a version that a router asks to hold ready before it is here is told ready when it has come", async () => {
  const worker = await openWorker();
  const link = await worker.dial();
  const asked = new RouterStream();
  const versionId = nextVersionId();
  link.openStream(encodePrepareHead("r-1" as RequestId, versionId), asked, { isEnd: true });
  await eventually(() => worker.needed.length > 0);
  expect(worker.needed).toEqual([versionId]);
  const { lane } = worker.serve(ECHO, { versionId });
  await asked.done;
  expect([asked.head?.status, lane.isWarm]).toEqual([204, true]);
});
