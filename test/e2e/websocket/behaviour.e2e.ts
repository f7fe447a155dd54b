/** What an app does with a WebSocket and what its client sees, shared and on a thread of its own. */
import { describe, expect, onTestFinished, test } from "vitest";
import { RawWebSocket, type UpgradePlace } from "../../support/raw-websocket.ts";
import { serveApps } from "../../support/serve-apps.ts";
import { Opcode } from "../../support/websocket-frames.ts";

const APP = `let count = 0;
export default { async fetch(request, env, ctx) {
  const url = new URL(request.url);
  if (url.pathname === "/count") return new Response(String(++count));
  if (url.pathname === "/upgrade-anyway") return new Response(null, { status: 101, webSocket: new WebSocketPair()[0] });
  if (request.headers.get("upgrade") !== "websocket") return new Response("an upgrade is wanted", { status: 426, headers: { upgrade: "websocket" } });
  if (url.pathname === "/401") return new Response("who are you?", { status: 401, headers: { "www-authenticate": "Basic" } });
  if (url.pathname === "/late-401") {
    await new Promise((resolve) => setTimeout(resolve, 10));
    return new Response(new Blob(["later"]).stream(), { status: 401 });
  }
  if (url.pathname === "/throws") throw new Error("a secret detail");
  if (url.pathname === "/accepted-client") {
    const [client] = new WebSocketPair();
    client.accept();
    return new Response(null, { status: 101, webSocket: client });
  }
  if (url.pathname === "/bare-101") return new Response(null, { status: 101 });
  const [client, server] = new WebSocketPair();
  if (url.pathname === "/unaccepted") return new Response(null, { status: 101, webSocket: client });
  if (url.pathname === "/send-first") {
    let error = "none";
    try { server.send("too early"); } catch (thrown) { error = thrown.constructor.name; }
    server.accept();
    server.send(error);
  } else server.accept();
  const tell = (data) => server.send(JSON.stringify(data));
  server.addEventListener("close", ({ code, reason, wasClean }) => {
    console.log("closed", code, JSON.stringify(reason), wasClean, server.readyState);
    ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 30)).then(() => console.log("worked on", code)));
  });
  server.addEventListener("message", async ({ data }) => {
    if (typeof data !== "string") return server.send(data);
    const [word, ...rest] = data.split(" ");
    switch (word) {
      case "count": return tell(++count);
      case "headers": return tell(Object.fromEntries(request.headers));
      case "url": return tell(request.url);
      case "name": return tell(env.NAME);
      case "close": return server.close(...(rest.length === 0 ? [] : [Number(rest[0]), rest.slice(1).join(" ")]));
      case "send-after-close": {
        server.close(4000, "over");
        let error = "none";
        try { server.send("lost"); } catch (thrown) { error = thrown.constructor.name; }
        console.log("after close", error);
        return;
      }
      case "fetch": {
        try { return tell((await fetch(rest[0])).status); } catch (error) { return tell(error.name + ": " + error.message); }
      }
      case "log": return console.log("said", ...rest);
      case "body": return new Response("of no use").text().then(tell);
      default: server.send(data);
    }
  });
  if (url.pathname === "/push") {
    let left = 3;
    const timer = setInterval(() => { server.send("push " + left); if (--left === 0) { clearInterval(timer); server.close(1000, "all pushed"); } }, 10);
  }
  const headers = new Headers({ "x-app": "ws", "set-cookie": "a=1" });
  headers.append("set-cookie", "b=2");
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  if (url.pathname === "/wrong-protocol") headers.set("sec-websocket-protocol", "never-offered");
  else if (offered.includes("chat.v2")) headers.set("sec-websocket-protocol", "chat.v2");
  const answer = new Response(null, { status: 101, webSocket: client, headers });
  return answer;
} }`;

const TWICE = `addEventListener("fetch", (event) => {
  const answer = () => {
    const [client, server] = new WebSocketPair();
    server.accept();
    return new Response(null, { status: 101, webSocket: client });
  };
  event.respondWith(answer());
  event.respondWith(answer());
})`;

const settings = (thread: string) => ({
  isolation: "app",
  env_vars: { NAME: `of ${thread}` },
  limits: { cpu_time_ms: 2_000, workers: 1 },
  websocket: { thread },
});
const nano = serveApps([
  { hostname: "shared.localhost", source: APP, settings: settings("shared") },
  { hostname: "dedicated.localhost", source: APP, settings: settings("dedicated") },
  { hostname: "twice.localhost", source: TWICE },
]);

type Upgrade = Omit<UpgradePlace, "port" | "host">;

describe.each(["shared", "dedicated"])("an app whose connections are %s", (thread) => {
  const host = `${thread}.localhost`;

  async function ask(path: string, upgrade: Upgrade = {}): Promise<RawWebSocket> {
    const socket = await RawWebSocket.ask({ port: nano().port, host, path, ...upgrade });
    onTestFinished(() => socket.destroy());
    return socket;
  }
  async function open(path = "/", upgrade: Upgrade = {}): Promise<RawWebSocket> {
    const socket = await ask(path, upgrade);
    expect(socket.answer.status).toBe(101);
    return socket;
  }
  async function say(socket: RawWebSocket, text: string): Promise<unknown> {
    socket.sendText(text);
    return JSON.parse(String(await socket.nextMessage()));
  }

  test("chooses sub-protocol and headers, and echoes text and bytes", async () => {
    const socket = await open("/", { headers: { "sec-websocket-protocol": "chat.v1, chat.v2" } });
    const { headers } = socket.answer;
    expect(headers.get("sec-websocket-protocol")).toBe("chat.v2");
    expect(headers.get("x-app")).toBe("ws");
    expect(headers.get("set-cookie")).toBe("a=1, b=2");
    expect(headers.get("x-nano-request-id")).toMatch(/\S/);
    socket.sendText("κόσμε");
    expect(await socket.nextMessage()).toBe("κόσμε");
    socket.send({ opcode: Opcode.BINARY, payload: Buffer.of(0, 255, 128) });
    expect(await socket.nextMessage()).toEqual(Buffer.of(0, 255, 128));
    expect(await socket.close(1000)).toMatchObject({ code: 1000 });
  });

  test("sees URL, variables and headers of the upgrade, and none of the handshake's", async () => {
    const socket = await open("/room?of=one", {
      headers: { cookie: "a=1", origin: "http://elsewhere", "x-forwarded-for": "6.6.6.6", "x-nano-secret": "forged" },
    });
    expect(await say(socket, "url")).toBe(`http://${host}/room?of=one`);
    expect(await say(socket, "name")).toBe(`of ${thread}`);
    expect(await say(socket, "headers")).toEqual({
      "cf-connecting-ip": "127.0.0.1",
      cookie: "a=1",
      host,
      origin: "http://elsewhere",
      upgrade: "websocket",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-real-ip": "127.0.0.1",
    });
  });

  test("may refuse with an answer of its own, whole or streamed, and the connection ends", async () => {
    const { answer } = await ask("/401");
    expect([answer.status, answer.body, answer.headers.get("www-authenticate")]).toEqual([
      401,
      "who are you?",
      "Basic",
    ]);
    expect(answer.headers.get("connection")?.toLowerCase()).toBe("close");
    const late = (await ask("/late-401")).answer;
    expect([late.status, late.body.includes("later")]).toEqual([401, true]);
  });

  test("answers requests that are no upgrade as ever", async () => {
    const answer = await nano().ask(host, "/");
    expect([answer.status, answer.text]).toEqual([426, "an upgrade is wanted"]);
    const anyway = await nano().ask(host, "/upgrade-anyway");
    expect([anyway.status, anyway.headers["x-nano-error"]]).toEqual([500, "bad_upgrade"]);
  });

  test("begins every connection anew: no state is shared with another one, nor with requests", async () => {
    expect((await nano().ask(host, "/count")).text).toMatch(/^\d+$/);
    const [one, two] = await Promise.all([open(), open()]);
    expect([await say(one, "count"), await say(one, "count"), await say(one, "count")]).toEqual([1, 2, 3]);
    expect(await say(two, "count")).toBe(1);
    await one.close(1000);
    expect(await say(await open(), "count")).toBe(1);
    const counts = [(await nano().ask(host, "/count")).text, (await nano().ask(host, "/count")).text].map(Number);
    expect((counts[1] ?? 0) - (counts[0] ?? 0)).toBe(1);
  });

  test("pushes by a timer without having been asked, and closes", async () => {
    const socket = await open("/push");
    for (const left of [3, 2, 1]) expect(await socket.nextMessage()).toBe(`push ${left}`);
    expect(await socket.ended).toEqual({ code: 1000, reason: "all pushed" });
  });

  test("fetches from a listener, past the same rules as a request", async () => {
    const socket = await open();
    expect(await say(socket, `fetch http://127.0.0.1:${nano().port}/`)).toMatch(/^TypeError: /);
    expect(await say(socket, "count")).toBe(1);
  });

  test("closes with a code and a reason of its own, or none", async () => {
    for (const [sent, end] of [
      ["close 4321 as you wish", { code: 4321, reason: "as you wish" }],
      ["close 1000", { code: 1000, reason: "" }],
      ["close", { code: 1005, reason: "" }],
    ] as const) {
      const socket = await open();
      socket.sendText(sent);
      expect(await socket.ended).toEqual(end);
    }
  });

  test("hears of the client's close, and of its going without one; what waitUntil was given goes on", async () => {
    for (const [leave, heard, code] of [
      [(socket: RawWebSocket) => socket.close(4001, "bye"), `closed 4001 "bye" true`, 4001],
      [(socket: RawWebSocket) => socket.close(), `closed 1005 "" true`, 1005],
      [(socket: RawWebSocket) => socket.destroy(), `closed 1006 "" false`, 1006],
    ] as const) {
      const from = nano().output.length;
      const socket = await open();
      await leave(socket);
      await nano().waitForOutput(new RegExp(`${thread} \\|[^\\n]*${heard} [23]`), from);
      await nano().waitForOutput(new RegExp(`${thread} \\|[^\\n]*worked on ${code}`), from);
    }
  });

  test("writes its log from listeners", async () => {
    const from = nano().output.length;
    (await open()).sendText("log a word");
    await nano().waitForOutput(new RegExp(`${thread} \\|[^\\n]*said a word`), from);
  });

  test("does not crash where it sends before it accepted, or after it closed", async () => {
    expect(await (await open("/send-first")).nextMessage()).toBe("TypeError");
    const from = nano().output.length;
    const socket = await open();
    socket.sendText("send-after-close");
    expect(await socket.ended).toEqual({ code: 4000, reason: "over" });
    expect(socket.waiting.filter(({ opcode }) => opcode === Opcode.TEXT)).toEqual([]);
    await nano().waitForOutput(new RegExp(`${thread} \\|[^\\n]*after close \\w+`), from);
  });

  test.each(["/bare-101", "/accepted-client", "/wrong-protocol", "/throws"])(
    "gets 500 or 502 and a reason for %s",
    async (path) => {
      const { answer } = await ask(path, { headers: { "sec-websocket-protocol": "chat.v1" } });
      expect([500, 502]).toContain(answer.status);
      expect(answer.headers.get("x-nano-error")).toMatch(/^[a-z_]+$/);
      expect(answer.body).not.toContain("secret detail");
    },
  );

  test("that accepts nothing is upgraded all the same, and its client may close", async () => {
    const socket = await open("/unaccepted");
    expect((await socket.close(1000)).code).toBe(1000);
  });
});

describe("an upgrade", () => {
  const ask = async (upgrade: Partial<UpgradePlace>) => {
    const socket = await RawWebSocket.ask({ port: nano().port, host: "shared.localhost", ...upgrade });
    onTestFinished(() => socket.destroy());
    return socket.answer;
  };

  test("for a host that nobody has is answered 404", async () => {
    const { status, headers } = await ask({ host: "nobody.localhost" });
    expect([status, headers.get("x-nano-error")]).toEqual([404, "unknown_host"]);
  });

  const malformed: Readonly<Record<string, Partial<UpgradePlace>>> = {
    "without a key": { headers: { "sec-websocket-key": null } },
    "with a key that is too short": { headers: { "sec-websocket-key": "c2hvcnQ=" } },
    "with a key that is no base64": { headers: { "sec-websocket-key": "!!!!!!!!!!!!!!!!!!!!!!==" } },
    "by POST": { method: "POST", headers: { "content-length": "0" } },
    "by HTTP/1.0": { httpVersion: "1.0" },
    "with a sub-protocol that is no token": { headers: { "sec-websocket-protocol": "a b" } },
    "with one sub-protocol twice": { headers: { "sec-websocket-protocol": "a, a" } },
    "with extensions that are no list": { headers: { "sec-websocket-extensions": "permessage-deflate; =" } },
    "with a body": { headers: { "content-length": "3" } },
  };
  test.each(Object.keys(malformed))("%s is answered 400", async (name) => {
    const { status, headers } = await ask(malformed[name] ?? {});
    expect([status, headers.get("x-nano-error")]).toEqual([400, expect.stringMatching(/^bad_(handshake|request)$/)]);
  });

  test.each([null, "8", "14", "thirteen"])(
    "of version %s is answered 426, with the version that is spoken",
    async (version) => {
      const { status, headers } = await ask({ headers: { "sec-websocket-version": version } });
      expect([status, headers.get("sec-websocket-version")]).toEqual([426, "13"]);
    },
  );

  test("that is answered twice is answered 500, and the log says why", async () => {
    const from = nano().output.length;
    const { status, headers } = await ask({ host: "twice.localhost" });
    expect([status, headers.get("x-nano-error")]).toEqual([500, "handler_threw"]);
    await nano().waitForOutput(/twice \|[^\n]*respondWith/, from);
  });

  test("for which an app chooses what was not offered is answered 500, and the app's log says why", async () => {
    const from = nano().output.length;
    const { status, headers } = await ask({ path: "/wrong-protocol" });
    expect([status, headers.get("x-nano-error")]).toEqual([500, "bad_upgrade"]);
    await nano().waitForOutput(/\w+ \| bad_upgrade: /, from);
  });

  test("of another kind is passed over", async () => {
    const { status } = await ask({ path: "/count", headers: { upgrade: "h2c", connection: "close, upgrade" } });
    expect(status).toBe(200);
  });

  test("names are compared without regard to case, among other tokens", async () => {
    const headers = { upgrade: "WebSocket", connection: "keep-alive, UPGRADE" };
    expect((await ask({ headers })).status).toBe(101);
  });
});
