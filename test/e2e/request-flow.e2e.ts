/** What travels through router, worker and isolate arrives as it was sent. */
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { expect, test } from "vitest";
import { serveApps } from "../support/serve-apps.ts";

const ECHO = `export default { async fetch(request) {
  const url = new URL(request.url);
  switch (url.pathname.replace(/^\\/api/, "")) {
    case "/cookies": {
      const headers = new Headers({ "x-kind": "cookies" });
      headers.append("set-cookie", "a=1; Path=/");
      headers.append("set-cookie", "b=2; Path=/");
      return new Response(null, { status: 204, headers });
    }
    case "/bytes": return new Response(await request.arrayBuffer(), { headers: { "content-type": "application/octet-stream" } });
    case "/pipe": return new Response(request.body);
    case "/seen": return Response.json({ method: request.method, url: request.url, headers: [...request.headers] });
    case "/later": await new Promise((resolve) => setTimeout(resolve, 20)); return new Response("later");
    case "/stream": {
      let left = 5;
      return new Response(new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          controller.enqueue(new TextEncoder().encode("part " + left + "\\n"));
          if (--left === 0) controller.close();
        },
      }));
    }
    case "/cut": {
      let sent = false;
      return new Response(new ReadableStream({
        pull(controller) {
          if (sent) throw new Error("broke");
          sent = true;
          controller.enqueue(new TextEncoder().encode("first"));
        },
      }));
    }
    case "/redirect": return Response.redirect("http://elsewhere.localhost/", 302);
    case "/fetch": {
      try { return new Response(await (await fetch(url.searchParams.get("to"))).text()); }
      catch (error) { return new Response(error.name + ": " + error.message, { status: 502 }); }
    }
    default: return new Response("root");
  }
} }`;

const COUNT = `let count = 0; export default { fetch: () => new Response(String(++count)) }`;
const WAIT_UNTIL = `export default { fetch(request, env, ctx) {
  ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 30)).then(() => console.log("worked on", env.NAME)));
  return new Response("answered");
} }`;
const PLAIN = `export function fetch(request) { return new Response("plain") }`;
const LISTENER = `addEventListener("fetch", (event) => event.respondWith(new Response("listener")))`;

const nano = serveApps([
  { hostname: "echo.localhost", source: ECHO, settings: { limits: { cpu_time_ms: 2000 } } },
  { hostname: "*.wild.localhost", source: `export default { fetch: () => new Response("wild") }` },
  { hostname: "request.localhost", source: COUNT, settings: { isolation: "request" } },
  { hostname: "app.localhost", source: COUNT, settings: { isolation: "app", limits: { workers: 1 } } },
  { hostname: "wait.localhost", source: WAIT_UNTIL, settings: { env_vars: { NAME: "value" } } },
  { hostname: "plain.localhost", source: PLAIN },
  { hostname: "listener.localhost", source: LISTENER },
]);

test("repeated set-cookie headers stay apart, and 204 has no body", async () => {
  const answer = await nano().ask("echo.localhost", "/cookies");
  expect(answer.status).toBe(204);
  expect(answer.headers["set-cookie"]).toEqual(["a=1; Path=/", "b=2; Path=/"]);
  expect(answer.body).toHaveLength(0);
  expect(answer.headers["transfer-encoding"]).toBeUndefined();
});

test.each([0, 1, 1000, 65_536, 65_537, 3_000_000])("a binary body of %i bytes comes back intact", async (size) => {
  const body = randomBytes(size);
  const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  for (const path of ["/bytes", "/pipe"]) {
    const answer = await nano().ask("echo.localhost", path, { method: "POST", body });
    expect(answer.status).toBe(200);
    expect(digest(answer.body)).toBe(digest(body));
  }
});

test("the app sees method, URL with its prefix, and headers, but none of ours and none of the connection's", async () => {
  const headers = { "x-one": "1", "x-nano-secret": "forged", "keep-alive": "5", te: "trailers", cookie: "a=1; b=2" };
  const answer = await nano().ask("ECHO.localhost", "/api/seen?q=1&q=%2F", { method: "PUT", headers, body: "x" });
  const seen = JSON.parse(answer.text) as { method: string; url: string; headers: [string, string][] };
  expect(seen.method).toBe("PUT");
  expect(seen.url).toBe("http://echo.localhost/api/seen?q=1&q=%2F");
  const names = seen.headers.map(([name]) => name);
  expect(names).toContain("x-one");
  expect(names).toContain("cookie");
  expect(names).not.toContain("x-nano-secret");
  expect(names).not.toContain("keep-alive");
  expect(names).not.toContain("connection");
});

test("a handler that waits for a timer answers, and so does a streamed body", async () => {
  expect((await nano().ask("echo.localhost", "/later")).text).toBe("later");
  expect((await nano().ask("echo.localhost", "/stream")).text).toBe("part 5\npart 4\npart 3\npart 2\npart 1\n");
});

test("a response whose body breaks is cut, never ended cleanly", async () => {
  await expect(nano().ask("echo.localhost", "/cut")).rejects.toThrow(/aborted|socket hang up|ECONNRESET/);
});

test("HEAD has the headers of GET and no body", async () => {
  const answer = await nano().ask("echo.localhost", "/", { method: "HEAD" });
  expect([answer.status, answer.headers["content-length"], answer.body.length]).toEqual([200, "4", 0]);
});

test("a redirect reaches the client as the app made it", async () => {
  const answer = await nano().ask("echo.localhost", "/redirect");
  expect([answer.status, answer.headers.location]).toEqual([302, "http://elsewhere.localhost/"]);
});

test("a wildcard takes subdomains and not the bare name", async () => {
  expect((await nano().ask("a.wild.localhost")).text).toBe("wild");
  expect((await nano().ask("wild.localhost")).status).toBe(404);
});

test("in request mode every request sees the state at the end of init, in app mode it survives", async () => {
  const counts = async (host: string): Promise<string[]> => {
    const texts: string[] = [];
    for (let i = 0; i < 3; i++) texts.push((await nano().ask(host)).text);
    return texts;
  };
  expect(await counts("request.localhost")).toEqual(["1", "1", "1"]);
  expect(await counts("app.localhost")).toEqual(["1", "2", "3"]);
});

test("waitUntil goes on after the response, with the app's variables and its log", async () => {
  const from = nano().output.length;
  expect((await nano().ask("wait.localhost")).text).toBe("answered");
  await nano().waitForOutput(/wait \|[^\n]*worked on value/, from);
});

test("a plain exported fetch and a fetch listener are handlers too", async () => {
  expect((await nano().ask("plain.localhost")).text).toBe("plain");
  expect((await nano().ask("listener.localhost")).text).toBe("listener");
});

test("fetch of an app reaches no address of this machine, and says which rule refused it", async () => {
  for (const to of [
    `http://127.0.0.1:${nano().port}/`,
    "http://[::1]/",
    "http://169.254.169.254/latest/",
    "http://2130706433/",
  ]) {
    const answer = await nano().ask("echo.localhost", `/fetch?to=${encodeURIComponent(to)}`);
    expect([to, answer.status]).toEqual([to, 502]);
    expect(answer.text).toMatch(/^TypeError: /);
  }
});

test("a client that goes away leaves the service as it was", async () => {
  await new Promise<void>((resolve) => {
    const req = request({ port: nano().port, host: "127.0.0.1", path: "/later", headers: { host: "echo.localhost" } });
    req.on("error", () => resolve());
    req.on("socket", (socket) => socket.once("connect", () => setImmediate(() => req.destroy(new Error("gone")))));
    req.end();
  });
  expect((await nano().ask("echo.localhost", "/later")).text).toBe("later");
});
