/** A name that is of the internet when it is asked for first, and of this machine from then on; and who fetches from it. */
import type { LookupAddress } from "node:dns";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultEgressSettings, resolveEgressConfig } from "@nano/executor/egress/egress-config";
import { EgressServer } from "@nano/executor/egress/egress-server";
import { dialLink } from "@nano/link/dial-link";
import type { Link } from "@nano/link/link";
import type { LinkStream } from "@nano/link/link-stream";
import { encodeEgressHead, encodeHeaderBlock } from "@nano/protocol/messages";
import { INTERNET } from "./outbound.ts";

const LOOPBACK = "127.0.0.1";
const CREDENTIAL = "of the worker that is played";
const MAX_PORTS_TRIED = 8;
export const SECRET = "what no app may see";
export const PUBLIC = "what everybody may see";

/** Answers one address first, and another for ever. */
export class RebindingName {
  readonly url: string;
  #askedCount = 0;

  constructor(port: number) {
    this.url = `http://rebinding.test:${port}/`;
  }

  readonly resolve = async (): Promise<LookupAddress[]> => {
    this.#askedCount += 1;
    return [{ address: this.#askedCount === 1 ? INTERNET : LOOPBACK, family: 4 }];
  };
}

/** Serves both addresses on one port: the secret where only this machine may read it. */
export async function withBothServers<T>(use: (name: RebindingName) => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    const servers: Server[] = [];
    try {
      const port = await serve(servers, { host: INTERNET, port: 0, text: PUBLIC });
      await serve(servers, { host: LOOPBACK, port, text: SECRET });
      return await use(new RebindingName(port));
    } catch (thrown) {
      // Somebody else may have it on the other address.
      if ((thrown as NodeJS.ErrnoException).code !== "EADDRINUSE" || tried === MAX_PORTS_TRIED) throw thrown;
    } finally {
      for (const server of servers) server.close();
    }
  }
}

function serve(servers: Server[], { host, port, text }: { host: string; port: number; text: string }): Promise<number> {
  const server = createServer((_, res) => res.writeHead(200, { connection: "close" }).end(text));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      servers.push(server);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** What fetches of a worker end with, one after the other: the body, or why it is refused. */
export async function fetchByEgress({ url, resolve }: RebindingName, count: number): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "nano-rebinding-"));
  const socketPath = join(directory, "s");
  const config = resolveEgressConfig({ ...defaultEgressSettings(), allowedRanges: [`${INTERNET}/32`] });
  const server = new EgressServer({ config, report: () => undefined, resolveName: resolve });
  try {
    await server.links.listen(socketPath);
    server.links.admit("worker", CREDENTIAL);
    const dialed = await dialLink({ address: socketPath, credential: CREDENTIAL, peer: "worker" });
    if (dialed.type !== "open") throw new Error(dialed.outcome.error.message);
    const texts: string[] = [];
    while (texts.length < count) texts.push(await fetchOver(dialed.link, url));
    dialed.link.close();
    return texts;
  } finally {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function fetchOver(link: Link, url: string): Promise<string> {
  const headers = encodeHeaderBlock([]);
  const head = encodeEgressHead({ app: "app", method: "GET", redirect: "follow", url, headers });
  return new Promise((resolve) => {
    let text = "";
    const stream: LinkStream | null = link.openStream(
      head,
      {
        onHead: () => undefined,
        onData: (chunk) => {
          text += chunk.toString();
          stream?.grant(chunk.length);
        },
        onEnd: () => resolve(text),
        onReset: ({ message }) => resolve(message),
        onDrain: () => undefined,
      },
      { isEnd: true },
    );
  });
}

/** Who looks at the address of a name, and then connects to the name. */
export async function fetchAfterLook({ url, resolve }: RebindingName): Promise<string> {
  const [looked] = await resolve();
  if (looked?.address !== INTERNET) return "refused";
  return new Promise((resolveText, reject) => {
    const request = get(url, {
      lookup: (_host, _options, callback) => {
        void resolve().then((addresses) => callback(null, addresses));
      },
    });
    request.once("error", reject);
    request.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.once("end", () => resolveText(text));
    });
  });
}
