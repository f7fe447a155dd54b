import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { dial, egressFetch, openFetch, startEgress, startOrigin, valuesOf } from "./egress-harness.ts";

/** Whether by an orderly end or by a reset. */
function whenClosed(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    request.socket.once("close", () => resolve());
  });
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("fetch through the egress process", () => {
  it("carries method, path, headers and body out, and status, repeated headers and body back", async () => {
    const { fetch } = await startEgress();
    const { origin } = await startOrigin(async (request, response) => {
      const body = await text(request);
      response.writeHead(
        201,
        "Made",
        [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
          ["x-latin", "caf\u00e9"],
        ].flat(),
      );
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
    });
    const answer = await fetch(`${origin}/p%20q?x=1#part`, {
      method: "POST",
      headers: ["X-Custom", "one", "content-type", "text/plain"],
      body: [Buffer.from("hello "), Buffer.from("there")],
    });
    expect(answer.head).toMatchObject({
      status: 201,
      statusText: "Made",
      url: `${origin}/p%20q?x=1#part`,
      redirected: false,
    });
    expect(valuesOf(answer, "set-cookie")).toEqual(["a=1", "b=2"]);
    expect(valuesOf(answer, "x-latin")).toEqual(["caf\u00e9"]);
    expect(valuesOf(answer, "connection")).toEqual([]);
    const seen = JSON.parse(answer.body.toString());
    expect(seen).toMatchObject({ method: "POST", url: "/p%20q?x=1", body: "hello there" });
    expect(seen.headers).toMatchObject({ "x-custom": "one", "content-type": "text/plain", accept: "*/*" });
  });

  it("keeps what belongs to the connection from the app", async () => {
    const { fetch } = await startEgress();
    const { origin } = await startOrigin((request, response) => response.end(JSON.stringify(request.headers)));
    const headers = ["Host", "other.example", "connection", "upgrade", "upgrade", "websocket", "te", "trailers"];
    const answer = await fetch(origin, { headers: [...headers, "expect", "100-continue", "content-length", "7"] });
    const seen = JSON.parse(answer.body.toString());
    expect(seen.host).toBe(origin.slice("http://".length));
    for (const name of ["upgrade", "te", "expect", "content-length"]) expect(seen).not.toHaveProperty(name);
  });

  it("moves large bodies whole in both directions", async () => {
    const { fetch } = await startEgress();
    const sent = randomBytes(3 * 1024 * 1024);
    const { origin } = await startOrigin((request, response) => request.pipe(response));
    const chunks = Array.from({ length: 48 }, (_, i) => sent.subarray(i * 65_536, (i + 1) * 65_536));
    const answer = await fetch(origin, { method: "PUT", body: chunks });
    expect(sha256(answer.body)).toBe(sha256(sent));
  });

  it("stops reading the other side while the app does not read", async () => {
    const { link } = await startEgress();
    let writtenBytes = 0;
    let stalled: () => void = () => undefined;
    const whenStalled = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    const chunk = Buffer.alloc(256 * 1024);
    const { origin } = await startOrigin((_, response) => {
      const write = () => {
        // The kernel's socket buffers take some megabytes; a hundred say that nobody holds back.
        while (writtenBytes < 100 * 1024 * 1024) {
          writtenBytes += chunk.length;
          if (!response.write(chunk)) {
            const timer = setTimeout(stalled, 250);
            response.once("drain", () => {
              clearTimeout(timer);
              write();
            });
            return;
          }
        }
        response.end();
        stalled();
      };
      write();
    });
    let heldBytes = 0;
    const fetching = openFetch(link, origin, {}, (each) => {
      heldBytes += each.length;
    });
    await whenStalled;
    expect(writtenBytes).toBeLessThan(40 * 1024 * 1024);
    expect(heldBytes).toBeLessThanOrEqual(256 * 1024);
    fetching.stream.reset({
      code: "X",
      message: "",
      fault: "tenant",
      retryable: false,
      httpStatus: 500,
      reason: "x",
      details: {},
    });
    await expect(Promise.race([fetching.answer, Promise.resolve("left")])).resolves.toBe("left");
  });

  it("ends the connection when the app gives the fetch up, and when the worker goes away", async () => {
    const { link, server, socketPath } = await startEgress();
    const requests: IncomingMessage[] = [];
    let arrived: () => void = () => undefined;
    const { origin } = await startOrigin((request, response) => {
      requests.push(request);
      response.write("part");
      arrived();
    });
    const closedByReset = new Promise<IncomingMessage>((resolve) => {
      arrived = () => resolve(requests[0] as IncomingMessage);
    });
    const first = openFetch(link, origin);
    const request = await closedByReset;
    const closed = whenClosed(request);
    await first.head;
    first.stream.reset({
      code: "X",
      message: "",
      fault: "tenant",
      retryable: false,
      httpStatus: 500,
      reason: "x",
      details: {},
    });
    await closed;

    server.links.admit("worker-2", "another secret");
    const second = await dial(socketPath, "another secret");
    const reached = new Promise<IncomingMessage>((resolve) => {
      arrived = () => resolve(requests[1] as IncomingMessage);
    });
    const fetching = openFetch(second, origin);
    const again = await reached;
    const closedAgain = whenClosed(again);
    const lost = expect(fetching.answer).rejects.toThrow(/ended/);
    server.links.dismiss("worker-2");
    await closedAgain;
    await lost;
    expect(server.counts.fetchesByOutcome.cancelled).toBe(2);
    expect(server.counts.runningCount).toBe(0);
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ["gzip", (body) => gzipSync(body)],
    ["deflate", (body) => deflateSync(body)],
    ["deflate", (body) => deflateRawSync(body)],
    ["br", (body) => brotliCompressSync(body)],
    ["zstd", (body) => zstdCompressSync(body)],
    ["gzip, br", (body) => brotliCompressSync(gzipSync(body))],
  ])("decodes %s and says so by leaving its headers out", async (coding, encode) => {
    const { fetch } = await startEgress();
    const plain = Buffer.from("some words, some words, ".repeat(10_000));
    const { origin } = await startOrigin((_, response) => {
      const encoded = encode(plain);
      response.writeHead(200, { "content-encoding": coding, "content-length": encoded.length }).end(encoded);
    });
    const answer = await fetch(origin);
    expect(sha256(answer.body)).toBe(sha256(plain));
    expect(valuesOf(answer, "content-encoding")).toEqual([]);
    expect(valuesOf(answer, "content-length")).toEqual([]);
  });

  it("passes a coding that it does not know as it is", async () => {
    const { fetch } = await startEgress();
    const { origin } = await startOrigin((_, response) => response.setHeader("content-encoding", "rot13").end("uryyb"));
    const answer = await fetch(origin);
    expect(answer.body.toString()).toBe("uryyb");
    expect(valuesOf(answer, "content-encoding")).toEqual(["rot13"]);
  });

  it("fails a body that does not decode", async () => {
    const { fetch } = await startEgress();
    const { origin } = await startOrigin((_, response) =>
      response.setHeader("content-encoding", "gzip").end("no gzip"),
    );
    await expect(fetch(origin)).rejects.toThrow("Response body is malformed: it does not decode as gzip");
  });

  it("answers HEAD, 204 and 304 without a body", async () => {
    const { fetch } = await startEgress();
    const { origin } = await startOrigin((request, response) => {
      response.statusCode = Number(request.url?.slice(1)) || 200;
      response.setHeader("content-encoding", "gzip");
      response.end();
    });
    for (const [method, path] of [
      ["HEAD", "/200"],
      ["GET", "/204"],
      ["GET", "/304"],
    ] as const) {
      const answer = await fetch(origin + path, { method });
      expect(answer.head.status).toBe(Number(path.slice(1)));
      expect(answer.body).toHaveLength(0);
    }
  });

  it("uses a connection again for the same app and never for another", async () => {
    const { link, server } = await startEgress();
    const ports: (number | undefined)[] = [];
    const { origin } = await startOrigin((request, response) => {
      ports.push(request.socket.remotePort);
      response.end("x");
    });
    await egressFetch(link, origin, { app: "app-1" });
    await egressFetch(link, origin, { app: "app-1" });
    await egressFetch(link, origin, { app: "app-2" });
    expect(ports[0]).toBe(ports[1]);
    expect(ports[2]).not.toBe(ports[0]);
    expect(server.counts.connectionsTotal).toBe(2);
  });
});

describe("redirects", () => {
  async function startRedirecting(respond: (request: IncomingMessage, response: ServerResponse) => void) {
    const egress = await startEgress();
    const { origin, port } = await startOrigin(respond);
    return { ...egress, origin, port };
  }

  it.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [307, "POST", "POST", "payload"],
    [308, "PUT", "PUT", "payload"],
    [301, "PUT", "PUT", "payload"],
  ])("%i of a %s goes on as %s", async (status, method, nextMethod, nextBody) => {
    const { fetch, origin } = await startRedirecting(async (request, response) => {
      const body = (await buffer(request)).toString();
      if (request.url === "/from") response.writeHead(status, { location: "to?x=1" }).end("moved");
      else
        response.end(JSON.stringify({ method: request.method, body, type: request.headers["content-type"] ?? null }));
    });
    const answer = await fetch(`${origin}/from#kept`, {
      method,
      headers: ["content-type", "text/plain"],
      body: [Buffer.from("payload")],
    });
    expect(answer.head).toMatchObject({ status: 200, redirected: true, url: `${origin}/to?x=1#kept` });
    expect(JSON.parse(answer.body.toString())).toEqual({
      method: nextMethod,
      body: nextBody,
      type: nextMethod === "GET" ? null : "text/plain",
    });
  });

  it("drop credentials on the way to another origin", async () => {
    const other = await startOrigin((request, response) => response.end(JSON.stringify(request.headers)));
    const { fetch, origin } = await startRedirecting((_, response) => {
      response.writeHead(302, { location: other.origin }).end();
    });
    const answer = await fetch(origin, { headers: ["authorization", "Bearer x", "cookie", "a=1", "x-kept", "1"] });
    const seen = JSON.parse(answer.body.toString());
    expect(seen["x-kept"]).toBe("1");
    expect(seen).not.toHaveProperty("authorization");
    expect(seen).not.toHaveProperty("cookie");
  });

  it("are judged anew at each hop", async () => {
    const { fetch, origin } = await startRedirecting((request, response) => {
      const targets: Record<string, string> = {
        "/private": "http://10.0.0.1/",
        "/metadata": "http://169.254.169.254/latest",
        "/hex": "http://0x0a000001/",
        "/scheme": "file:///etc/passwd",
        "/port": "http://127.0.0.1:25/",
        "/user": "http://user:pass@127.0.0.1/",
      };
      response.writeHead(302, { location: targets[request.url ?? ""] ?? "/" }).end();
    });
    await expect(fetch(`${origin}/private`)).rejects.toThrow("its address is a private address");
    await expect(fetch(`${origin}/metadata`)).rejects.toThrow("its address is a cloud metadata address");
    await expect(fetch(`${origin}/hex`)).rejects.toThrow("its address is a private address");
    await expect(fetch(`${origin}/scheme`)).rejects.toThrow("none of http: and https:");
    await expect(fetch(`${origin}/port`)).rejects.toThrow("port 25");
    await expect(fetch(`${origin}/user`)).rejects.toThrow("user name or password");
  });

  it("end after the limit, and are the answer or an error where the app asks for that", async () => {
    const { fetch, origin } = await startRedirecting((_, response) =>
      response.writeHead(302, { location: "/again" }).end(),
    );
    await expect(fetch(origin)).rejects.toThrow("Redirect is refused: more than 20 of them");
    const manual = await fetch(origin, { redirect: "manual" });
    expect(manual.head.status).toBe(302);
    expect(valuesOf(manual, "location")).toEqual(["/again"]);
    await expect(fetch(origin, { redirect: "error" })).rejects.toThrow('redirect is "error"');
  });

  it("without a location are the answer", async () => {
    const { fetch, origin } = await startRedirecting((_, response) => response.writeHead(302).end("here"));
    expect((await fetch(origin)).body.toString()).toBe("here");
  });

  it("refuse to send a body again that is not kept", async () => {
    const { fetch } = await startEgress({ replayBytes: 1024 });
    const { origin } = await startOrigin((request, response) => {
      request.resume();
      request.once("end", () => response.writeHead(307, { location: "/to" }).end());
    });
    const body = [Buffer.alloc(1000), Buffer.alloc(1000)];
    await expect(fetch(origin, { method: "POST", body })).rejects.toThrow("over 1024 bytes and cannot be sent again");
  });
});

describe("links of workers", () => {
  it("open only with an admitted credential", async () => {
    const { server, socketPath } = await startEgress();
    await expect(dial(socketPath, "wrong")).rejects.toThrow();
    await expect(dial(socketPath, "")).rejects.toThrow();
    server.links.dismiss("worker-1");
    await expect(dial(socketPath, "secret of worker 1")).rejects.toThrow();
  });

  it("end in order when the server drains: running fetches finish, new ones are refused", async () => {
    const { server, link } = await startEgress();
    const responses: ServerResponse[] = [];
    const arrived = Promise.withResolvers<void>();
    const { origin } = await startOrigin((_, response) => {
      responses.push(response);
      arrived.resolve();
    });
    const fetching = openFetch(link, origin);
    await arrived.promise;
    const drained = server.drain();
    responses[0]?.end("done");
    expect((await fetching.answer).body.toString()).toBe("done");
    await drained;
    expect(link.isOpen).toBe(false);
  });
});
