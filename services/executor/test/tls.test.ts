/** Routers that come by TLS: who is let in, and that what passes is what was sent. */
import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type DialTls, dialLink } from "@nano/link/dial-link";
import { TlsFiles } from "@nano/service-kit/tls-files";
import { eventually } from "@nano/test-kit/eventually";
import { generate } from "selfsigned";
import { expect, onTestFinished, test } from "vitest";
import { openSupervisor, openSurroundings } from "./executor-fixture.ts";
import { appScript, nextVersionId, temporaryDirectory } from "./sliver-fixture.ts";
import { ask } from "./worker-harness.ts";

const NAME = "executor.nano";

interface Pair {
  readonly cert: string;
  readonly key: string;
}

async function issue(name: string, ca?: Pair): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: ca === undefined, critical: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: name }] },
    ],
    ...(ca && { ca }),
  });
  return { cert, key };
}

function write(path: string, text: string): string {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return path;
}

async function openTlsExecutor(isMutual: boolean) {
  const directory = temporaryDirectory();
  const ca = await issue("authority");
  const [server, client] = [await issue(NAME, ca), await issue("router", ca)];
  const paths = {
    ca: write(join(directory, "ca.pem"), ca.cert),
    cert: write(join(directory, "server.crt"), server.cert),
    key: write(join(directory, "server.key"), server.key),
  };
  const around = await openSurroundings();
  const versionId = nextVersionId();
  await around.publish(versionId, { script: appScript("return new Response(request.body);") });
  await around.activate(versionId);
  const { text } = await openSupervisor(around, {
    listen: {
      address: "127.0.0.1:0",
      tlsCertFile: paths.cert,
      tlsKeyFile: paths.key,
      ...(isMutual && { tlsClientCaFile: paths.ca }),
    },
    workers: { count: 2 },
  });
  await eventually(async () => (await around.nodes()).length === 1);
  const trusting: DialTls = { ca: Buffer.from(ca.cert), serverName: NAME };
  const known: DialTls = { ...trusting, cert: Buffer.from(client.cert), key: Buffer.from(client.key) };
  return { around, versionId, trusting, known, paths, ca, text, node: await around.node() };
}

test("workers and supervisor are reached by TLS alone, and each byte arrives", async () => {
  const { node, versionId, trusting } = await openTlsExecutor(false);
  expect(node.supervisor.address).toMatch(/^tls:\/\/127\.0\.0\.1:\d+$/);
  const body = randomBytes(2_000_000);
  for (const { address, credential } of [...node.workers, node.supervisor]) {
    expect(address).toBe(node.supervisor.address);
    const dialled = await dialLink({ address, credential, peer: "r", isPrompt: true, tls: () => trusting });
    if (dialled.type === "ended") throw new Error(dialled.outcome.error.message);
    onTestFinished(() => dialled.link.close());
    if (credential === node.supervisor.credential) continue;
    const heard = await ask(dialled.link, { versionId, method: "POST", body });
    expect(heard.error).toBeNull();
    expect(heard.body.equals(body)).toBe(true);
  }
});

test("who does not trust the executor, or is not trusted by it, gets no link, and neither does one without TLS", async () => {
  const { node, known, trusting, text } = await openTlsExecutor(true);
  const [worker] = node.workers;
  if (worker === undefined) throw new Error("no worker");
  const dial = (tls: DialTls | null, address = worker.address) =>
    dialLink({
      address,
      credential: worker.credential,
      peer: "r",
      limits: { handshakeTimeoutMs: 3_000 },
      ...(tls && { tls: () => tls }),
    });
  const open = await dial(known);
  expect(open.type).toBe("open");
  if (open.type === "open") open.link.close();
  const stranger = Buffer.from((await issue("stranger")).cert);
  for (const tls of [trusting, { ...known, ca: stranger }, { ...known, serverName: "other.name" }, null]) {
    expect((await dial(tls)).type).toBe("ended");
  }
  expect((await dial(null, worker.address.slice("tls://".length))).type).toBe("ended");
  await eventually(async () => /refused_connections_total\{cause="no_tls"\} [1-9]/.test(await text()));
  await eventually(async () => (await text()).includes("executor_greeting_connections_count 0"));
});

test("connections that never finish their TLS are bounded like those that never say HELLO", async () => {
  const { node, text } = await openTlsExecutor(false);
  const port = Number(node.supervisor.address.split(":").at(-1));
  const silent = connect(port, "127.0.0.1");
  onTestFinished(() => void silent.destroy());
  await eventually(async () => (await text()).includes("executor_greeting_connections_count 1"));
  silent.destroy();
  await eventually(async () => (await text()).includes("executor_greeting_connections_count 0"));
});

test("certificates are read again when their files change, and what cannot be used leaves the known one", async () => {
  const directory = temporaryDirectory();
  const [first, second] = [await issue(NAME), await issue(NAME)];
  const certFile = write(join(directory, "a.crt"), first.cert);
  const keyFile = write(join(directory, "a.key"), first.key);
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => void failures.push(error);
  const files = new TlsFiles({ paths: { certFile, keyFile, caFile: null }, onFailure, lookIntervalMs: 0 });
  expect(files.current.cert?.toString()).toBe(first.cert);
  write(certFile, second.cert);
  expect(files.current.cert?.toString(), "its key is not there yet").toBe(first.cert);
  expect(files.reload()).toBe(false);
  expect(failures).toMatchObject([{ code: "KIT_TLS_UNUSABLE" }]);
  write(keyFile, second.key);
  expect(files.current).toMatchObject({ cert: Buffer.from(second.cert), key: Buffer.from(second.key) });
  const half = { certFile, keyFile: null, caFile: null };
  expect(() => new TlsFiles({ paths: half, onFailure })).toThrow("come together");
  expect(() => new TlsFiles({ paths: { ...half, certFile: null, caFile: directory }, onFailure })).toThrow(
    "not usable",
  );
});
