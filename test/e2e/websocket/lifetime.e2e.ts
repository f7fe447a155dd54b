/** How long connections live: past a change of their version, and not past their process. */
import { eventually } from "@nano/test-kit/eventually";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Fixture } from "../../support/fixtures.ts";
import { NanoProcess } from "../../support/nano-process.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";

const WORKER = "worker.main";

const appOf = (version: string): string => `export default { fetch(request) {
  if (request.headers.get("upgrade") !== "websocket") return new Response("${version}");
  const [client, server] = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send("${version} " + data));
  return new Response(null, { status: 101, webSocket: client });
} }`;

const shared = { websocket: { thread: "shared" }, limits: { cpu_time_ms: 2_000 } };
const dedicated = { websocket: { thread: "dedicated" }, limits: { cpu_time_ms: 2_000 } };
const fixture = new Fixture([
  { hostname: "changing.localhost", source: appOf("one"), settings: shared },
  { hostname: "threaded.localhost", source: appOf("two"), settings: dedicated },
]);
let nano: NanoProcess;
/** Those that are there before the first upgrade. */
let requestWorkers: ReadonlySet<number>;

beforeAll(async () => {
  nano = await NanoProcess.start(fixture.args);
  requestWorkers = new Set(nano.findProcesses(WORKER));
});
afterAll(async () => {
  await nano?.close();
  fixture.remove();
});

async function open(name: string): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open({ port: nano.port, host: `${name}.localhost` });
  onTestFinished(() => socket.destroy());
  return socket;
}

async function say(socket: RawWebSocket, text: string): Promise<string> {
  socket.sendText(text);
  return String(await socket.nextMessage());
}

test("a connection stays on its version when another one is deployed, and new ones get that", async () => {
  const before = await open("changing");
  expect(await say(before, "a")).toBe("one a");
  fixture.edit("changing.localhost", appOf("two"));
  await eventually(async () => (await nano.ask("changing.localhost")).text === "two");
  await eventually(async () => {
    const after = await open("changing");
    const answer = await say(after, "b");
    await after.close(1000);
    return answer === "two b";
  });
  expect(await say(before, "c")).toBe("one c");
  expect((await before.close(1000)).code).toBe(1000);
});

test("a process that is killed closes its connections with 1012, and the next upgrade gets another one", async () => {
  const sockets = await Promise.all([open("changing"), open("threaded"), open("changing")]);
  for (const socket of sockets) expect(await say(socket, "a")).toBe("two a");
  for (const pid of nano.findProcesses(WORKER)) if (!requestWorkers.has(pid)) process.kill(pid, "SIGKILL");
  for (const socket of sockets) expect(await socket.ended).toEqual({ code: 1012, reason: "worker_lost" });
  for (const name of ["changing", "threaded"]) expect(await say(await open(name), "again")).toBe("two again");
});
