/** Apps of one machine that fetch each other, what their operator is told, and what clients meet while it starts. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { eventually } from "@nano/test-kit/eventually";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Fixture } from "../support/fixtures.ts";
import { askHttp } from "../support/http-answer.ts";
import { NanoProcess } from "../support/nano-process.ts";

const START_TIMEOUT_MS = 100_000;

const FETCHES = `export default { async fetch(request) {
  const url = new URL(request.url).searchParams.get("url");
  return fetch(url, { headers: { host: "other.example" } }).catch((error) => new Response(String(error), { status: 500 }));
} }`;
const SHOWS_HOST = `export default { fetch: (request) => new Response(request.headers.get("host")) }`;

const fixture = new Fixture([
  { hostname: "shop.localhost", source: FETCHES },
  { hostname: "blog.localhost", source: SHOWS_HOST },
]);
/** Statuses and reasons that a client of a host of the config has met before it served. */
const met = new Set<string>();
let nano: NanoProcess;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

beforeAll(async () => {
  const port = await freePort();
  const starting = NanoProcess.start([...fixture.args, "--port", String(port), "--egress-allow", "127.0.0.0/8"]);
  // A start that fails says more than a port that nobody listens on.
  starting.catch(() => undefined);
  const serving = eventually(
    async () => {
      const place = { host: "127.0.0.1", port, path: "/" };
      const answer = await askHttp(place, { headers: { host: "blog.localhost" } }).catch(() => null);
      if (answer === null || answer.status === 200) return answer !== null;
      met.add(`${answer.status} ${answer.headers["x-nano-error"]}, again after ${answer.headers["retry-after"]} s`);
      return false;
    },
    { timeoutMs: START_TIMEOUT_MS },
  );
  serving.catch(() => undefined);
  nano = await starting;
  await serving;
}, START_TIMEOUT_MS);

afterAll(async () => {
  await nano?.close();
  fixture.remove();
});

function ask(url: string) {
  return nano.ask("shop.localhost", `/?url=${encodeURIComponent(url)}`);
}

test("a client of a host that is about to be served is told to come again, and never that there is none", () => {
  for (const answer of met) expect(answer).toMatch(/^503 (?:no_routes|not_built|no_worker), again after \d+ s$/);
});

test("an app reaches another by its host, which no header of the app changes", async () => {
  const { status, text } = await ask(`http://blog.localhost:${nano.port}/`);
  expect([status, text]).toEqual([200, `blog.localhost:${nano.port}`]);
});

test("an address that is not allowed is told beside the app's lines, once, with what would allow it", async () => {
  const from = nano.output.length;
  for (let i = 0; i < 2; i += 1) {
    const { status, text } = await ask("http://10.0.0.1/");
    expect([status, text]).toEqual([500, "TypeError: Host 10.0.0.1 is refused: its address is a private address"]);
  }
  await nano.waitForOutput(/^shop \| fetch from 10\.0\.0\.1 was refused.*--egress-allow/m, from);
  expect((await ask("http://10.0.0.1/")).status).toBe(500);
  expect(nano.output.slice(from).match(/was refused/g)).toHaveLength(1);
});
