/** Attacks on the port where clients are served. Without a strict parser, without limits, they get what they want. */
import { createServer, type RequestListener, type ServerOptions } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import type { Attack, Tenant } from "./attack.ts";
import { exchange, statusesOf } from "./raw-exchange.ts";

const REFUSED_WITHIN_MS = 5_000;
/** Above the times of `ATTACKED_SERVER`, also on a busy machine. */
const SLOW_WITHIN_MS = 20_000;
const SHORT_TIMEOUT_MS = 300;
const LOOK_INTERVAL_MS = 50;
const HELD_MS = 2_000;
const HOST = "named.localhost";

/** What of the bytes two parsers may take for another request: `GET /smuggled`. */
export function smuggling(tries: string, bytes: string): Attack {
  const sent = bytes.replaceAll("HOST", HOST);
  return {
    tries,
    async strike({ nano }) {
      const heard = await exchange({ port: nano.port, bytes: sent, patienceMs: REFUSED_WITHIN_MS });
      const statuses = statusesOf(heard);
      const isContained = heard.isClosed && statuses.length === 1 && /^[45]/.test(statuses[0] ?? "");
      return { isContained, what: `${statuses.join(" then ")}${heard.isClosed ? "" : ", still open"}` };
    },
    undefended: async () => (readNaively(sent).includes("/smuggled") ? "taken for two requests" : null),
  };
}

/** What an app says of those who ask it, and how it is spoken to: `HOST` and `PATH` in bytes are where it is. */
export interface EdgeOptions {
  /** @default a neighbour */
  readonly tenant?: Tenant;
}

/** A request that is larger than may be. */
export function oversized(
  tries: string,
  bytes: string,
  expected: readonly string[],
  { tenant }: EdgeOptions = {},
): Attack {
  const addressed = (host: string, path: string): string => bytes.replaceAll("HOST", host).replaceAll("PATH", path);
  return {
    tries,
    ...(tenant && { tenant }),
    async strike({ nano, host, path }) {
      const sent = tenant === undefined ? addressed(HOST, "/") : addressed(host, path);
      const heard = await exchange({ port: nano.port, bytes: sent, patienceMs: REFUSED_WITHIN_MS });
      const [status = "cut"] = statusesOf(heard);
      return { isContained: expected.includes(status), what: status };
    },
    undefended: () =>
      withoutLimits(async (port) => {
        const heard = await exchange({ port, bytes: addressed(HOST, "/"), patienceMs: REFUSED_WITHIN_MS });
        return statusesOf(heard)[0] === "200" ? "was taken" : null;
      }),
  };
}

/** A request that never comes whole. */
export function slow(tries: string, bytes: string, drip: string): Attack {
  const sent = bytes.replaceAll("HOST", HOST);
  return {
    tries,
    isLong: true,
    async strike({ nano }) {
      const heard = await exchange({ port: nano.port, bytes: sent, drip, patienceMs: SLOW_WITHIN_MS });
      return { isContained: heard.isClosed, what: heard.isClosed ? "closed" : "still open" };
    },
    async undefended() {
      const hold = (headersTimeout: number): Promise<boolean> => {
        const timeouts = {
          headersTimeout,
          requestTimeout: headersTimeout,
          connectionsCheckingInterval: LOOK_INTERVAL_MS,
        };
        return withNode(timeouts, async (port) => {
          const heard = await exchange({ port, bytes: sent, drip, patienceMs: HELD_MS });
          return !heard.isClosed;
        });
      };
      const [isHeld, isHeldWithLimit] = await Promise.all([hold(0), hold(SHORT_TIMEOUT_MS)]);
      return isHeld && !isHeldWithLimit ? "was held open" : null;
    },
  };
}

/** A server that keeps whatever comes until it looks like an end. */
async function withoutLimits<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server = createTcpServer((socket) => {
    let kept = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      kept += text;
      if (kept.endsWith("\r\n\r\n")) socket.end("HTTP/1.1 200 OK\r\n\r\n");
    });
    socket.on("error", () => undefined); // `close` follows
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

/** Node's own server, with these settings in place of the router. */
export async function withNode<T>(
  options: ServerOptions,
  use: (port: number) => Promise<T>,
  listener: RequestListener = (req, res) => void req.resume().on("end", () => res.end("taken")),
): Promise<T> {
  const server = createServer(options, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/**
 * Targets of the requests that a parser sees which takes what it can: any line end, any spaces, any line with a colon for a header, the last
 * length for the body's, and no transfer coding.
 */
function readNaively(text: string): string[] {
  const targets: string[] = [];
  let rest = text;
  while (rest.length > 0) {
    const end = /\r?\n[ \t]*\r?\n/.exec(rest);
    if (end === null) break;
    const [first = "", ...lines] = rest.slice(0, end.index).split(/\r?\n/);
    targets.push(first.split(" ")[1] ?? "");
    const lengths = lines.flatMap((line) => /^\s*content-length\s*:\s*\+?(\d+)/i.exec(line)?.[1] ?? []);
    rest = rest.slice(end.index + end[0].length + Number(lengths.at(-1) ?? 0));
  }
  return targets;
}
