import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { eventually } from "@nano/test-kit/eventually";
import { generate } from "selfsigned";
import { expect, onTestFinished, test } from "vitest";
import { appRecords } from "./fake-store.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";

interface Pair {
  readonly cert: string;
  readonly key: string;
}

async function makePair(...serverNames: string[]): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: "commonName", value: serverNames[0] ?? "none" }], {
    keyType: "ec",
    extensions: [{ name: "subjectAltName", altNames: serverNames.map((value) => ({ type: 2, value })) }],
  });
  return { cert, key };
}

class CertificateFolder {
  readonly path = mkdtempSync(join(tmpdir(), "nano-tls-"));

  constructor() {
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** Each file by rename, as tools that renew certificates do. */
  put(name: string, { cert, key }: Pair): void {
    this.putFile(`${name}.crt`, cert);
    this.putFile(`${name}.key`, key);
  }

  putFile(name: string, content: string): void {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  }

  remove(name: string): void {
    for (const suffix of [".crt", ".key"]) rmSync(join(this.path, name + suffix));
  }
}

async function start(folder: CertificateFolder, listen: Record<string, unknown> = {}): Promise<TestRouter> {
  const t = await startTestRouter(appRecords("hello", ["app.example"]), {
    tls: { directory: folder.path, reloadIntervalMs: 10 },
    listen,
  });
  const worker = await t.node.startWorker((r) => r.respond(JSON.stringify({ url: r.head.url, headers: r.headers })));
  await t.useWorkers(worker);
  return t;
}

/** Names of the certificate that the router shows, after a handshake as a client makes it. */
async function handshake(port: number, options: ConnectionOptions = {}): Promise<{ names: string; socket: TLSSocket }> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
  });
  return { names: socket.getPeerCertificate().subjectaltname ?? "", socket };
}

async function shown(port: number, servername?: string): Promise<string> {
  const { names, socket } = await handshake(port, servername === undefined ? {} : { servername });
  socket.destroy();
  return names;
}

test("a request over TLS reaches the app as https, with the client's address", async () => {
  const folder = new CertificateFolder();
  folder.put("app", await makePair("app.example"));
  const t = await start(folder);
  const text = await new Promise<string>((resolve, reject) => {
    const options = { port: t.port, host: "127.0.0.1", servername: "app.example", rejectUnauthorized: false };
    request({ ...options, agent: false, path: "/a", headers: { host: "app.example" } }, (res) => {
      res.setEncoding("utf8");
      res.once("data", resolve);
    })
      .on("error", reject)
      .end();
  });
  const seen = JSON.parse(text);
  expect(seen.url).toBe("https://app.example/a");
  expect(seen.headers).toContainEqual(["x-forwarded-proto", "https"]);
  expect(seen.headers).toContainEqual(["x-real-ip", "127.0.0.1"]);
});

test("a client is shown the certificate of the name that it asks for", async () => {
  const folder = new CertificateFolder();
  folder.put("one", await makePair("one.example", "uno.example"));
  folder.put("wild/tls", await makePair("*.wild.example"));
  folder.put("default", await makePair("fallback.example"));
  const { port } = await start(folder);
  expect(await shown(port, "one.example")).toContain("one.example");
  expect(await shown(port, "UNO.example")).toContain("one.example");
  expect(await shown(port, "a.wild.example")).toBe("DNS:*.wild.example");
  expect(await shown(port, "a.b.wild.example")).toBe("DNS:fallback.example");
  expect(await shown(port, "nobody.example")).toBe("DNS:fallback.example");
  expect(await shown(port)).toBe("DNS:fallback.example");
});

test("a name that no certificate has is refused where none is the default", async () => {
  const folder = new CertificateFolder();
  folder.put("one", await makePair("one.example"));
  folder.put("two", await makePair("two.example"));
  const t = await start(folder);
  await expect(shown(t.port, "nobody.example")).rejects.toThrow();
  await expect(shown(t.port)).rejects.toThrow();
  expect(await shown(t.port, "two.example")).toBe("DNS:two.example");
  expect(await t.metric("router_refused_connections_total", { cause: "tls_handshake" })).toBe(2);
});

test("TLS 1.1 is refused, TLS 1.2 is taken, and the protocol is http/1.1", async () => {
  const folder = new CertificateFolder();
  folder.put("one", await makePair("one.example"));
  const { port } = await start(folder);
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  await expect(handshake(port, old)).rejects.toThrow();
  const { socket } = await handshake(port, { maxVersion: "TLSv1.2", ALPNProtocols: ["h2", "http/1.1"] });
  expect(socket.getProtocol()).toBe("TLSv1.2");
  expect(socket.alpnProtocol).toBe("http/1.1");
  await expect(handshake(port, { ALPNProtocols: ["h2"] })).rejects.toThrow();
});

test("new, changed and removed files are seen while connections go on", async () => {
  const folder = new CertificateFolder();
  folder.put("one", await makePair("one.example"));
  const t = await start(folder);
  const { socket } = await handshake(t.port);
  folder.put("one", await makePair("one.example", "renewed.example"));
  await eventually(async () => (await shown(t.port)).includes("renewed.example"));
  folder.put("two", await makePair("two.example"));
  await eventually(async () => (await shown(t.port, "two.example").catch(() => "")) === "DNS:two.example");
  await expect(shown(t.port)).rejects.toThrow();
  folder.remove("one");
  await eventually(async () => (await shown(t.port).catch(() => "")) === "DNS:two.example");
  const answered = new Promise<string>((resolve) => socket.once("data", (data: Buffer) => resolve(data.toString())));
  socket.write("GET / HTTP/1.1\r\nhost: app.example\r\n\r\n");
  expect(await answered).toMatch(/^HTTP\/1.1 200 OK/);
});

test("a pair that cannot be used leaves the one before it, and does not stop others", async () => {
  const folder = new CertificateFolder();
  folder.put("one", await makePair("one.example"));
  const t = await start(folder);
  const failed = () => t.metric("router_certificate_loads_total", { outcome: "failed" });
  folder.putFile("one.key", (await makePair("else.example")).key);
  await eventually(async () => (await failed()) >= 1);
  folder.put("two", await makePair("two.example"));
  await eventually(async () => (await shown(t.port, "two.example").catch(() => "")) === "DNS:two.example");
  folder.putFile("one.crt", "no certificate");
  const before = await failed();
  await eventually(async () => (await failed()) > before);
  expect(await shown(t.port, "one.example")).toBe("DNS:one.example");
  rmSync(folder.path, { recursive: true });
  mkdirSync(folder.path);
  folder.put("three", await makePair("three.example"));
  await eventually(async () => (await shown(t.port, "three.example").catch(() => "")) === "DNS:three.example");
});

test("a router without any certificate that it can use does not start", async () => {
  const folder = new CertificateFolder();
  await expect(start(folder)).rejects.toMatchObject({ code: "ROUTER_NO_CERTIFICATE" });
  folder.putFile("one.crt", "no certificate");
  await expect(start(folder)).rejects.toMatchObject({ code: "ROUTER_NO_CERTIFICATE" });
});

test.each(["together with", "long before"])("the PROXY protocol goes %s TLS", async (when) => {
  const folder = new CertificateFolder();
  folder.put("one", await makePair("app.example"));
  const t = await start(folder, { trustedProxies: ["127.0.0.1"], proxyProtocol: true });
  const plain = connectPlain(t.port, "127.0.0.1");
  plain.write("PROXY TCP4 203.0.113.9 10.0.0.1 1 443\r\n");
  // Nothing tells that the header was read: another client's round trips do.
  if (when === "long before") for (let count = 0; count < 5; count += 1) await shown(t.port).catch(() => {});
  const { socket } = await handshake(t.port, { socket: plain, servername: "app.example" });
  const answered = new Promise<string>((resolve) => socket.once("data", (data: Buffer) => resolve(data.toString())));
  socket.write("GET / HTTP/1.1\r\nhost: app.example\r\n\r\n");
  const answer = await answered;
  expect(answer).toContain('["x-real-ip","203.0.113.9"]');
  expect(answer).toContain("https://app.example/");
});

test("a connection that never finishes its handshake does not hold a router up that ends", async () => {
  const folder = new CertificateFolder();
  folder.put("one", await makePair("app.example"));
  const t = await start(folder);
  const client = await t.talk();
  client.send(randomBytes(2).fill(0x16));
  await t.router.close();
  await client.ended();
});
