import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { registryPaths } from "@nano/protocol/registry-api";
import { createSilentLogger } from "@nano/service-kit/logger";
import { createSecretFile } from "@nano/service-kit/secret-file";
import { generate } from "selfsigned";
import { expect, onTestFinished, test, vi } from "vitest";
import { createTlsFiles } from "../src/request/tls-files.ts";
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
  await expect(opened({ certFile })).rejects.toMatchObject({ code: "REGISTRY_TLS_INCOMPLETE" });
  await expect(opened({ key: keyFile })).rejects.toMatchObject({ code: "REGISTRY_TLS_INCOMPLETE" });
  writeFileSync(certFile, "hello");
  await expect(opened({ certFile, key: keyFile })).rejects.toMatchObject({ code: "REGISTRY_TLS_UNUSABLE" });
});

test("a pair that is renewed is taken up once both halves of it are there", async () => {
  const { directory, certFile, keyFile, cert } = await writePair();
  const settings = { certFile, key: createSecretFile(keyFile) };
  const files = createTlsFiles(settings, { logger: createSilentLogger(), everyMs: 5 });
  const seen: string[] = [];
  onTestFinished(files?.watch((pair) => seen.push(pair.cert)) ?? (() => undefined));
  const next = await writePair();
  writeFileSync(certFile, next.cert);
  expect(() => files?.read(), "half a pair").toThrow(expect.objectContaining({ code: "REGISTRY_TLS_UNUSABLE" }));
  const renewed = await writePair(directory);
  await vi.waitFor(() => expect(seen).toEqual([renewed.cert]));
  expect(renewed.cert).not.toBe(cert);
});
