/** An executor's supervisor, as far as a registry asks it: it tells what a test says to whoever follows an app. */
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { acceptLink } from "@nano/link/accept-link";
import { isSameCredential } from "@nano/link/credential";
import type { Link } from "@nano/link/link";
import type { LinkStream } from "@nano/link/link-stream";
import type { EngineFingerprint, NodeId } from "@nano/protocol/brands";
import { decodeSupervisorQuestion } from "@nano/protocol/messages";
import type { NodeRecord } from "@nano/protocol/records";
import type { LogLine } from "@nano/protocol/registry-api";
import { listenOn } from "@nano/service-kit/listen";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./open-test-registry.ts";

/** @param tls its certificate and key, PEM; without them it is reached over a Unix socket */
export async function startFakeSupervisor(
  id: string,
  tls: { readonly cert: string; readonly key: string } | null = null,
) {
  const credential = `credential of ${id}`;
  const followers = new Map<LinkStream, string>();
  const links = new Set<Link>();
  const accept = (socket: Socket): void => {
    const link = acceptLink(socket, {
      peer: id,
      verifyHello: (hello) => isSameCredential(credential, hello.credential),
      onStream: (stream, payload) => {
        const question = decodeSupervisorQuestion(payload);
        if (question.type !== "logs") throw new Error(`Not asked for logs: ${question.type}`);
        followers.set(stream, question.app);
        stream.sendHead(Buffer.alloc(0));
        const leave = (): void => void followers.delete(stream);
        return { onHead() {}, onData() {}, onEnd() {}, onDrain() {}, onReset: leave };
      },
      onClose: () => links.delete(link),
    });
    links.add(link);
  };
  const server = tls === null ? createServer(accept) : createTlsServer(tls, accept);
  const asked = tls === null ? join(temporaryDirectory(), "supervisor.sock") : "127.0.0.1:0";
  const bound = await listenOn(server, asked);
  const address = tls === null ? bound : `tls://${bound}`;
  const close = (): void => {
    server.close();
    for (const link of links) link.close();
  };
  onTestFinished(close);
  const record: NodeRecord = {
    kind: "node",
    id: id as NodeId,
    engine: "e".repeat(32) as EngineFingerprint,
    supervisor: { address, credential },
    workers: [],
    draining: false,
  };
  return {
    record,
    close,
    links,
    followers: () => [...followers.values()],
    sendRaw: (app: string, text: string) => {
      for (const [stream, followed] of followers) if (followed === app) stream.write(Buffer.from(text));
    },
    send(app: string, line: LogLine) {
      this.sendRaw(app, `${JSON.stringify(line)}\n`);
    },
  };
}
