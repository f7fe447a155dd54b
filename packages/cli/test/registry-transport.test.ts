import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { listenOn } from "@nano/service-kit/listen";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { errors } from "../src/errors.ts";
import { endpointOf, parseEndpoint } from "../src/registry/endpoint.ts";
import { RegistryTransport, type RegistryTransportOptions } from "../src/registry/registry-transport.ts";
import { temporaryDirectory } from "./cluster-harness.ts";

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** Each request is answered by the next handler; the last one stays. */
async function serve(handlers: Handler[], options: Partial<RegistryTransportOptions> = {}) {
  const seen: IncomingMessage[] = [];
  const server = createServer((req, res) => {
    seen.push(req);
    req.resume();
    (handlers.length > 1 ? handlers.shift() : handlers[0])?.(req, res);
  });
  const address = await listenOn(server, "127.0.0.1:0");
  const transport = new RegistryTransport({ endpoint: endpointOf(address), ...options });
  onTestFinished(() => {
    transport.close();
    server.closeAllConnections();
    server.close();
  });
  return { transport, seen, address };
}

function answer(status: number, body: unknown): Handler {
  return (_, res) => void res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function refusal(code: string, retryable: boolean) {
  return { code, message: code, fault: "platform", retryable, httpStatus: 503, reason: "busy", details: {} };
}

const cut: Handler = (req) => void req.socket.destroy();
const okSchema = z.object({ ok: z.boolean() });
const POST = { method: "POST", path: "/v1/x", body: { a: 1 } } as const;

test("a write whose connection breaks is sent again with the same key, and another write has another", async () => {
  const { transport, seen } = await serve([
    cut,
    answer(503, refusal("REGISTRY_BUSY", true)),
    answer(200, { ok: true }),
  ]);
  expect(await transport.sendJson(POST, okSchema)).toEqual({ ok: true });
  await transport.sendJson(POST, okSchema);
  const keys = seen.map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toEqual([keys[0], keys[0], keys[0], expect.any(String)]);
  expect(keys[3]).not.toBe(keys[0]);
});

test("what is refused for good is asked once, and told with every problem", async () => {
  const problems = [{ where: "manifest.limits", got: "1", expected: "an object" }];
  const body = { ...refusal("REGISTRY_BAD_REQUEST", false), message: "Request is not valid: x", details: { problems } };
  const { transport, seen } = await serve([answer(400, body)]);
  await expect(transport.sendJson(POST, okSchema)).rejects.toThrow(
    "Request is not valid\n  manifest.limits: found 1, expected an object",
  );
  expect(seen).toHaveLength(1);
});

test("repeats end: a registry that stays away is told by its place", async () => {
  const { transport, address } = await serve([cut], { retryMs: 200 });
  await expect(transport.send({ method: "GET", path: "/v1/apps" })).rejects.toMatchObject({
    code: errors.REGISTRY_LOST.code,
    message: expect.stringContaining(address),
  });
});

test.each([
  [401, errors.SIGN_IN_REFUSED.code],
  [403, errors.NOT_ALLOWED.code],
])("%d says what to do", async (status, code) => {
  const { transport } = await serve([answer(status, refusal("X", false))], { token: "nano_t" });
  await expect(transport.send(POST_RAW)).rejects.toMatchObject({ code });
});

const POST_RAW = { method: "POST", path: "/v1/x" } as const;

test("a page in place of an answer is no answer", async () => {
  const { transport } = await serve([(_, res) => void res.end("<html>")]);
  await expect(transport.sendJson({ method: "GET", path: "/v1/apps" }, okSchema)).rejects.toMatchObject({
    code: errors.REGISTRY_STRANGE.code,
  });
});

test("a call that is repeated for long is told once, with why and how long it is yet", async () => {
  const told: string[] = [];
  const busy = answer(503, refusal("STORE_LOST", true));
  const { transport } = await serve([busy, cut, busy, answer(200, { ok: true })], {
    retryMs: 30_000,
    noticeAfterMs: 0,
    onWait: (text) => told.push(text),
  });
  expect(await transport.sendJson(POST, okSchema)).toEqual({ ok: true });
  expect(told).toEqual(["the registry answers STORE_LOST: STORE_LOST; trying again for 30 s"]);
});

test("a service that knows no such path in words of its own is no registry", async () => {
  const { transport } = await serve([(_, res) => void res.writeHead(404).end("No app answers here")]);
  await expect(transport.send(POST_RAW)).rejects.toMatchObject({
    code: errors.REGISTRY_STRANGE.code,
    message: expect.stringContaining("found status 404 with No app answers here for POST /v1/x"),
  });
});

test("connections are kept, and the token goes with each call", async () => {
  const { transport, seen } = await serve([answer(200, { ok: true })], { token: "nano_t" });
  for (let i = 0; i < 3; i += 1) await transport.sendJson(POST, okSchema);
  expect(new Set(seen.map(({ socket }) => socket)).size).toBe(1);
  expect(seen.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill("Bearer nano_t"));
});

test("an end of all calls ends one that waits to be repeated", async () => {
  const ending = new AbortController();
  const { transport } = await serve(
    [
      (req) => {
        req.socket.destroy();
        ending.abort();
      },
    ],
    { signal: ending.signal },
  );
  await expect(transport.send(POST_RAW)).rejects.toMatchObject({ code: errors.INTERRUPTED.code });
});

test.each([
  ["https://r.example.com", { isTls: true, prefix: "", target: { host: "r.example.com", port: 443 } }],
  ["http://[::1]:8090/nano/", { isTls: false, prefix: "/nano", target: { host: "::1", port: 8090 } }],
  ["unix:/run/x.sock", { isTls: false, prefix: "", target: { socketPath: "/run/x.sock" } }],
])("%s is a place", (text, expected) => {
  expect(parseEndpoint(text)).toMatchObject(expected);
});

test("over TLS the certificates that are named are trusted, and what is signed by others is told at once", async () => {
  const directory = temporaryDirectory();
  const [keyFile, certFile] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  execFileSync("openssl", [...args, ...subject, "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
  const cert = readFileSync(certFile, "utf8");
  const server = createTlsServer({ key: readFileSync(keyFile), cert }, (_, res) => void res.end('{"ok":true}'));
  const address = await listenOn(server, "127.0.0.1:0");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = parseEndpoint(`https://localhost:${address.split(":").at(-1)}`);
  if (endpoint === null) throw new Error("no endpoint");
  const call = { method: "GET", path: "/v1/x" } as const;
  const trusting = new RegistryTransport({ endpoint, ca: cert });
  expect(await trusting.sendJson(call, okSchema)).toEqual({ ok: true });
  trusting.close();
  const other = new RegistryTransport({ endpoint });
  await expect(other.send(call)).rejects.toThrow("self-signed certificate");
  other.close();
});
