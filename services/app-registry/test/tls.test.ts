import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { registryPaths } from "@nano/protocol/registry-api";
import { TlsFiles } from "@nano/service-kit/tls-files";
import { Hono } from "hono";
import { generate } from "selfsigned";
import { expect, onTestFinished, test, vi } from "vitest";
import { serveApi } from "../src/request/serve-api.ts";
import { OPERATOR_TOKEN } from "./api-client.ts";
import { openTestRegistry, temporaryDirectory } from "./open-test-registry.ts";

async function writePair(directory = temporaryDirectory()) {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }]);
  const certFile = join(directory, "tls.crt");
  const keyFile = join(directory, "tls.key");
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return { directory, cert, certFile, keyFile };
}

test("with a certificate the API speaks TLS over TCP, and asks for tokens all the same", async () => {
  const { cert, certFile, keyFile } = await writePair();
  const { registry } = await openTestRegistry({ explicit: { http: { tls: { certFile, key: keyFile } } as never } });
  const statusOf = (headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const url = `https://${registry.addresses.http}${registryPaths.apps}`;
      const options = { ca: cert, servername: "localhost", headers, agent: false } as const;
      const outgoing = request(url, options, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  expect(await statusOf({ authorization: `Bearer ${OPERATOR_TOKEN}` })).toBe(200);
  expect(await statusOf({})).toBe(401);
});

test("one file of a pair without the other, or what is no certificate, ends the start", async () => {
  const { certFile, keyFile } = await writePair();
  const opened = (tls: object) => openTestRegistry({ explicit: { http: { tls } as never } });
  for (const tls of [{ certFile }, { key: keyFile }]) {
    await expect(opened(tls)).rejects.toMatchObject({ code: "KIT_TLS_UNUSABLE" });
  }
  writeFileSync(certFile, "hello");
  await expect(opened({ certFile, key: keyFile })).rejects.toMatchObject({ code: "KIT_TLS_UNUSABLE" });
});

test("a pair that is renewed is shown to the next client", async () => {
  const { directory, certFile, keyFile, cert } = await writePair();
  const tls = new TlsFiles({ paths: { certFile, keyFile, caFile: null }, onFailure: () => {} });
  const server = await serveApi(new Hono() as never, { addresses: ["127.0.0.1:0"], tls, lookIntervalMs: 5 });
  onTestFinished(() => server.close());
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const port = Number(server.addresses[0]?.split(":")[1]);
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
        socket.destroy();
      }).on("error", reject);
    });
  const fingerprintOf = (pem: string): string => new X509Certificate(pem).fingerprint256;
  expect(await shown()).toBe(fingerprintOf(cert));
  const renewed = await writePair(directory);
  await vi.waitFor(async () => expect(await shown()).toBe(fingerprintOf(renewed.cert)));
});
