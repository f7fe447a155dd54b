/** Attacks that have the app's `fetch` reach what only this machine may. Without a guard, they do. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAddressGuard } from "@nano/executor/egress/address-guard";
import { type Attack, type AttackTarget, judgeText, type Tenant } from "./attack.ts";
import { fetchInHostRealm } from "./host-realm.ts";

/** Allowed to apps by the operator of the NANO that is attacked: it plays the internet. */
export const INTERNET = "127.0.0.2";

const FETCHES = `export default { async fetch(request) {
  try {
    const response = await fetch(new URL(request.url).searchParams.get("to"));
    return new Response("escaped: reached " + response.status + " " + (await response.text()).slice(0, 40));
  } catch {
    return new Response("refused");
  }
} }`;

const tenant: Tenant = { source: FETCHES, settings: { limits: { cpu_time_ms: 200 } } };

export type UrlOf = (port: number) => string;

/** Fetches a URL that names a server of this machine. */
export function fetchAttack(tries: string, urlOf: UrlOf): Attack {
  return {
    tries,
    tenant,
    strike: (target) => strikeWith(target, urlOf(target.nano.port)),
    undefended: () => reachUnguarded(urlOf),
  };
}

/** Fetches from an address that is not on this machine, and that the guard alone refuses: an operator's list lets it through. */
export function addressAttack(tries: string, addresses: readonly string[], range: string): Attack {
  const urlOf = (address: string): string => `http://${address.includes(":") ? `[${address}]` : address}/`;
  return {
    tries,
    tenant,
    async strike(target) {
      const outcomes = await Promise.all(addresses.map((address) => strikeWith(target, urlOf(address))));
      return outcomes.find(({ isContained }) => !isContained) ?? { isContained: true, what: "200 refused" };
    },
    undefended: async () => {
      const guard = createAddressGuard([range]);
      return addresses.every((address) => guard.check(address) === null) ? `let through by ${range}` : null;
    },
  };
}

export async function strikeWith({ ask }: AttackTarget, url: string): ReturnType<Attack["strike"]> {
  return judgeText(await ask(`?to=${encodeURIComponent(url)}`), "refused");
}

/** The same app where `fetch` is the host's own. */
export async function reachUnguarded(urlOf: UrlOf, host = "127.0.0.1"): Promise<string | null> {
  return withServer(
    host,
    (_, res) => res.end("what no app may see"),
    async (port) => {
      const text = await fetchInHostRealm(FETCHES, `http://subject.test/?to=${encodeURIComponent(urlOf(port))}`);
      return text.includes("what no app may see") ? text : null;
    },
  );
}

/** Serves for as long as `use` takes. */
export async function withServer<T>(
  host: string,
  listener: RequestListener,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
