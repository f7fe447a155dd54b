/** A running egress server, a worker's link to it, and a local server that plays the internet. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { LinkStream } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import {
  decodeEgressResponseHead,
  decodeHeaderBlock,
  type EgressHead,
  type EgressResponseHead,
  encodeEgressHead,
  encodeHeaderBlock,
} from "@nano/protocol/messages";
import { onTestFinished } from "vitest";
import { defaultEgressSettings, type EgressSettings, resolveEgressConfig } from "../src/egress/egress-config.ts";
import { EgressServer, type EgressServerOptions } from "../src/egress/egress-server.ts";

const CREDENTIAL = "secret of worker 1";

export interface FetchAnswer {
  readonly head: EgressResponseHead;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

export interface FetchOptions extends Partial<Omit<EgressHead, "headers">> {
  readonly headers?: readonly string[];
  /** Chunks of the request body; undefined: none. */
  readonly body?: readonly Buffer[];
}

/** What a fetch ended with instead of an answer. */
export class FetchFailed extends Error {
  readonly wire: WireError;

  constructor(wire: WireError) {
    super(wire.message);
    this.wire = wire;
  }
}

export async function startEgress(
  settings: Partial<EgressSettings> = {},
  options: Partial<Pick<EgressServerOptions, "resolveName" | "createConnector" | "sweepIntervalMs" | "report">> = {},
) {
  const directory = await mkdtemp(join(tmpdir(), "nano-egress-"));
  const socketPath = join(directory, "egress.sock");
  const config = resolveEgressConfig({ ...defaultEgressSettings(), allowedRanges: ["127.0.0.0/8"], ...settings });
  const server = new EgressServer({ config, report: () => undefined, ...options });
  await server.links.listen(socketPath);
  server.links.admit("worker-1", CREDENTIAL);
  const link = await dial(socketPath, CREDENTIAL);
  onTestFinished(async () => {
    link.close();
    await server.close();
    await rm(directory, { recursive: true });
  });
  return { server, link, socketPath, fetch: (url: string, given?: FetchOptions) => egressFetch(link, url, given) };
}

export async function dial(address: string, credential: string): Promise<Link> {
  const dialed = await dialLink({ address, credential, peer: "worker-1" });
  if (dialed.type === "open") return dialed.link;
  throw new FetchFailed(dialed.outcome.error);
}

/** Opens the stream of a fetch; `onChunk` may keep the credit. */
export function openFetch(
  link: Link,
  url: string,
  { body, headers = [], ...head }: FetchOptions = {},
  onChunk: (chunk: Buffer, stream: LinkStream) => void = (chunk, stream) => stream.grant(chunk.length),
): { readonly stream: LinkStream; readonly head: Promise<EgressResponseHead>; readonly answer: Promise<FetchAnswer> } {
  const payload = encodeEgressHead({
    app: "app-1",
    method: "GET",
    redirect: "follow",
    ...head,
    url,
    headers: encodeHeaderBlock(headers),
  });
  const headArrived = Promise.withResolvers<EgressResponseHead>();
  const answered = Promise.withResolvers<FetchAnswer>();
  headArrived.promise.catch(() => undefined);
  const chunks: Buffer[] = [];
  let responseHead: EgressResponseHead | undefined;
  const stream = link.openStream(
    payload,
    {
      onHead: (bytes) => {
        responseHead = decodeEgressResponseHead(bytes);
        headArrived.resolve(responseHead);
      },
      onData: (chunk) => {
        chunks.push(Buffer.from(chunk));
        onChunk(chunk, stream as LinkStream);
      },
      onEnd: () => {
        const answerHead = responseHead as EgressResponseHead;
        const flat = decodeHeaderBlock(answerHead.headers);
        const pairs = flat.flatMap((name, i) =>
          i % 2 === 0 ? [[name.toLowerCase(), flat[i + 1] ?? ""] as const] : [],
        );
        answered.resolve({ head: answerHead, headers: pairs, body: Buffer.concat(chunks) });
      },
      onReset: (error) => {
        headArrived.reject(new FetchFailed(error));
        answered.reject(new FetchFailed(error));
      },
      onDrain: () => undefined,
    },
    { isEnd: body === undefined },
  );
  if (stream === null) throw new Error("link takes no stream");
  for (const chunk of body ?? []) stream.write(chunk);
  if (body !== undefined) stream.end();
  return { stream, head: headArrived.promise, answer: answered.promise };
}

export async function egressFetch(link: Link, url: string, options: FetchOptions = {}): Promise<FetchAnswer> {
  return await openFetch(link, url, options).answer;
}

/** Values of a response header, in order. */
export function valuesOf(answer: FetchAnswer, name: string): string[] {
  return answer.headers.filter(([each]) => each === name).map(([, value]) => value);
}

/** An HTTP server on a loopback address; its origin. */
export async function startOrigin(listener: RequestListener): Promise<{ origin: string; port: number }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port };
}
