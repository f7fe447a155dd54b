/** What the fetches of one request may do together, from a real isolate through a real egress server. */
import { eventually } from "@nano/test-kit/eventually";
import { describe, expect, test } from "vitest";
import { startOrigin } from "./egress-harness.ts";
import { openOutboundApp } from "./outbound-harness.ts";

const OUTCOME = `const outcome = (promise) => promise.then((value) => value ?? "fulfilled", (e) => e.name + ": " + e.message);`;
const MIB = 1024 * 1024;

describe("one request's fetches", () => {
  test("are so many at once, and again as many when those have ended", async () => {
    const { origin } = await startOrigin((_, res) => res.end("body"));
    const app = await openOutboundApp(
      `${OUTCOME}
       const round = async () => {
         const two = [fetch(peer), fetch(peer)];
         const third = await outcome(fetch(peer));
         for (const each of two) await (await each).text();
         return third;
       };
       return Response.json([await round(), await round()]);`,
      { peer: origin, manifest: { limits: { subrequests_at_once: 2 } } },
    );
    const refused = "TypeError: Too many subrequests: one request may have 2 at once (limits.subrequests_at_once)";
    expect(JSON.parse((await app.ask()).text)).toEqual([refused, refused]);
  });

  test("count no more once they have ended without a body that anyone reads", async () => {
    const { origin } = await startOrigin((_, res) => res.writeHead(204).end());
    const app = await openOutboundApp(
      `for (let i = 0; i < 10; i++) { const { status } = await fetch(peer); if (status !== 204) return new Response("no"); await new Promise((r) => setTimeout(r, 10)); }
       return new Response("all");`,
      { peer: origin, manifest: { limits: { subrequests_at_once: 1 } } },
    );
    expect((await app.ask()).text).toBe("all");
  });

  test("receive so many bytes together, after decoding", async () => {
    const { origin } = await startOrigin((_, res) => res.end(Buffer.alloc(MIB * 0.75)));
    const app = await openOutboundApp(
      `${OUTCOME}
       const read = async () => (await (await fetch(peer)).arrayBuffer()).byteLength;
       return Response.json([await outcome(read()), await outcome(read()), await outcome(read())]);`,
      { peer: origin, manifest: { limits: { subrequest_received_mb: 1 } } },
    );
    const refused = `TypeError: Too many bytes: the fetches of one request may receive ${MIB} (limits.subrequest_received_mb)`;
    expect(JSON.parse((await app.ask()).text)).toEqual([MIB * 0.75, refused, refused]);
    // The next request begins anew, and what was refused holds no connection.
    expect(JSON.parse((await app.ask()).text)[0]).toBe(MIB * 0.75);
    await eventually(() => app.egress.counts.runningCount === 0);
  });

  test("send so many bytes together, whole or as a stream", async () => {
    const { origin } = await startOrigin((req, res) => {
      req.resume();
      req.on("end", () => res.end("ok"));
      req.on("error", () => undefined);
    });
    const app = await openOutboundApp(
      `${OUTCOME}
       const post = async (body) => (await fetch(peer, { method: "POST", body, duplex: "half" })).text();
       const stream = () => { let left = 20; return new ReadableStream({ pull(c) { if (left-- > 0) c.enqueue(new Uint8Array(65536)); else c.close(); } }); };
       return Response.json([
         await outcome(post(new Uint8Array(${MIB} / 2))),
         await outcome(post(stream())),
         await outcome(post("x")),
       ]);`,
      { peer: origin, manifest: { limits: { subrequest_sent_mb: 1 } } },
    );
    const refused = `TypeError: Too many bytes: the fetches of one request may send ${MIB} (limits.subrequest_sent_mb)`;
    expect(JSON.parse((await app.ask()).text)).toEqual(["ok", refused, refused]);
    await eventually(() => app.egress.counts.runningCount === 0);
  });

  test("reach the hosts of egress.allow_hosts alone, redirects included", async () => {
    const { origin } = await startOrigin((req, res) => {
      if (req.url === "/away") res.writeHead(302, { location: "http://metadata.internal/secret" }).end();
      else res.end("ok");
    });
    const app = await openOutboundApp(
      `${OUTCOME} return Response.json([
        await outcome(fetch(peer).then((r) => r.text())),
        await outcome(fetch(peer + "/away")),
        await outcome(fetch("http://example.net/")),
      ]);`,
      { peer: origin, manifest: { egress: { allow_hosts: ["127.0.0.1", "*.example.com"] } } },
    );
    expect(JSON.parse((await app.ask()).text)).toEqual([
      "ok",
      "TypeError: Host metadata.internal is refused: it is none of the app's egress.allow_hosts",
      "TypeError: Host example.net is refused: it is none of the app's egress.allow_hosts",
    ]);
  });

  test("abort by their signal before and after the head, and let their connection go", async () => {
    const { origin } = await startOrigin((req, res) => {
      if (req.url === "/begin") res.write("begun");
    });
    const app = await openOutboundApp(
      `${OUTCOME}
       const before = await outcome(fetch(peer, { signal: AbortSignal.timeout(20) }));
       const controller = new AbortController();
       const response = await fetch(peer + "/begin", { signal: controller.signal });
       const reading = outcome(response.text());
       controller.abort(new RangeError("mine"));
       return Response.json([before, await reading]);`,
      { peer: origin },
    );
    const [before, after] = JSON.parse((await app.ask()).text);
    expect(before).toMatch(/^TimeoutError/);
    expect(after).toBe("RangeError: mine");
    await eventually(() => app.egress.counts.runningCount === 0);
  });
});
