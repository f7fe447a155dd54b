import fc from "fast-check";
import { expect, test } from "vitest";
import { appRecords } from "./fake-store.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";

const WHO = new Set(["x-forwarded-for", "x-forwarded-proto", "x-real-ip", "cf-connecting-ip"]);
const CLAIMING =
  /^(?:x-forwarded(?:-(?:for|proto|host|port|protocol|scheme|server|ssl))?|forwarded(?:-for)?|x-real-ip|.*client-?ip|cf-connecting-ip(?:v6)?)$/;

async function start(listen: NonNullable<Parameters<typeof startTestRouter>[1]>["listen"] = {}): Promise<
  TestRouter & {
    /** Sends these header lines, perhaps after some bytes, and gives what the app saw. */
    ask(
      lines: string,
      before?: string | Buffer,
      body?: string,
    ): Promise<{ url: string; who: Record<string, string>; names: string[] }>;
  }
> {
  const t = await startTestRouter(appRecords("hello", ["app.example", "other.example"]), { listen: listen ?? {} });
  const worker = await t.node.startWorker();
  await t.useWorkers(worker);
  return {
    ...t,
    async ask(lines, before = "", body = "") {
      const request = `GET /x HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n${lines}\r\n${body}`;
      const answer = await t.raw(Buffer.concat([Buffer.from(before), Buffer.from(request, "latin1")]));
      if (!answer.startsWith("HTTP/1.1 200")) throw new Error(answer);
      const seen = worker.requests.pop();
      if (seen === undefined) throw new Error("The request went elsewhere");
      return {
        url: seen.head.url,
        who: Object.fromEntries(seen.headers.filter(([name]) => WHO.has(name))),
        names: seen.headers.map(([name]) => name).filter((name) => CLAIMING.test(name.replaceAll("_", "-"))),
      };
    },
  };
}

const DIRECT = {
  url: "http://app.example/x",
  who: {
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-real-ip": "127.0.0.1",
    "cf-connecting-ip": "127.0.0.1",
  },
  names: ["x-forwarded-for", "x-forwarded-proto", "x-real-ip", "cf-connecting-ip"],
};

test("the app is told the address of the socket and the scheme of the router", async () => {
  expect(await (await start()).ask("")).toEqual(DIRECT);
  expect(await (await start({ scheme: "https" })).ask("")).toMatchObject({
    url: "https://app.example/x",
    who: { "x-forwarded-proto": "https" },
  });
});

const claimName = fc
  .constantFrom(
    ...["X-Forwarded-For", "x-forwarded-proto", "X-FORWARDED-HOST", "Forwarded", "X-Real-IP", "x-forwarded-port"],
    ...["cf-connecting-ip", "True-Client-IP", "x-client-ip", "x-forwarded", "forwarded-for", "x-forwarded-ssl"],
  )
  .chain((name) => fc.constantFrom(name, name.toLowerCase(), name.toUpperCase()));
const claimValue = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom(
    "https",
    "for=1.2.3.4;proto=https;host=other.example",
    "other.example",
    "127.0.0.1, 10.0.0.1",
    "unknown",
  ),
  fc.array(fc.ipV4(), { minLength: 1, maxLength: 4 }).map((hops) => hops.join(",")),
);
const claims = fc.array(fc.tuple(claimName, claimValue), { maxLength: 6 });

test("no client can change what the app is told about it", async () => {
  const t = await start({ trustedProxies: ["10.0.0.0/8", "::1"] });
  await fc.assert(
    fc.asyncProperty(claims, fc.constantFrom("", "connection: x-forwarded-for, x-real-ip\r\n"), async (pairs, more) => {
      const lines = pairs.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      expect(await t.ask(lines + more)).toEqual(DIRECT);
    }),
    { numRuns: 60 },
  );
});

test.each([
  "X_Forwarded_For: 6.6.6.6\r\nx-forwarded_for: 6.6.6.6\r\nX_REAL_IP: 6.6.6.6\r\n",
  "x_forwarded_proto: https\r\nForwarded_For: 6.6.6.6\r\nx_forwarded_host: other.example\r\n",
  "x-forwarded-for: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nX-FORWARDED-FOR:\t8.8.8.8\r\n",
  "x-forwarded-for:\r\nforwarded:\r\nx-real-ip: \r\n",
  "connection: x-forwarded-for, x-real-ip, x-forwarded-proto, host\r\n",
])("no spelling of a name changes it: %j", async (lines) => {
  expect(await (await start({ trustedProxies: ["10.0.0.0/8"] })).ask(lines)).toEqual(DIRECT);
});

test.each([
  "x-forwarded-for : 6.6.6.6\r\n",
  "x-forwarded-for\t: 6.6.6.6\r\n",
  " x-forwarded-for: 6.6.6.6\r\n",
  "x: y\r\n x-forwarded-for: 6.6.6.6\r\n",
  "x-forwarded-for: 6.6.6.6\n",
  "x-forwarded\0-for: 6.6.6.6\r\n",
])("a head in which a name may be read in two ways is a 400: %j", async (lines) => {
  for (const trustedProxies of [[], ["127.0.0.1"]]) {
    await expect((await start({ trustedProxies })).ask(lines)).rejects.toThrow("HTTP/1.1 400");
  }
});

test("what stands in a trailer is nobody's word, of a trusted proxy neither", async () => {
  const t = await start({ trustedProxies: ["127.0.0.1"] });
  const trailers = "x-forwarded-for: 6.6.6.6\r\nx-forwarded-proto: https\r\nhost: other.example\r\n";
  expect(await t.ask("transfer-encoding: chunked\r\n", "", `0\r\n${trailers}\r\n`)).toEqual(DIRECT);
});

test("a claim of a trusted proxy is found behind however many headers of its client", async () => {
  const t = await start({ trustedProxies: ["127.0.0.1"], maxHeaderBytes: 128 * 1024 });
  for (const count of [100, 900, 1_990, 8_000]) {
    const asked = t.ask(`x-forwarded-for: 6.6.6.6\r\n${"a:b\r\n".repeat(count)}x-forwarded-for: 203.0.113.7\r\n`);
    // Too many for the parser is an answer, too; a claim that is not seen would be none.
    const client = await asked.then(
      ({ who }) => who["x-real-ip"],
      (error: Error) => error.message.slice(0, 12),
    );
    expect(["203.0.113.7", "HTTP/1.1 431"]).toContain(client);
  }
});

test("behind a trusted proxy no client can change it either, whatever the proxy passes on", async () => {
  const t = await start({ trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"], forwardedHeaders: ["x-forwarded-for"] });
  await fc.assert(
    fc.asyncProperty(claims, async (pairs) => {
      const own = pairs.filter(([name]) => name.toLowerCase() === "x-forwarded-for").map(([, value]) => value);
      const others = pairs.filter(([name]) => name.toLowerCase() !== "x-forwarded-for");
      const lines = others.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      const seen = await t.ask(`${lines}x-forwarded-for: ${[...own, "203.0.113.7", "10.1.1.1"].join(", ")}\r\n`);
      expect(seen).toEqual({
        ...DIRECT,
        who: {
          "x-forwarded-for": "203.0.113.7, 10.1.1.1, 127.0.0.1",
          "x-forwarded-proto": "http",
          "x-real-ip": "203.0.113.7",
          "cf-connecting-ip": "203.0.113.7",
        },
      });
    }),
    { numRuns: 60 },
  );
});

test("a trusted proxy tells address, scheme and host", async () => {
  const t = await start({ trustedProxies: ["127.0.0.1"] });
  const lines = "X-Forwarded-For: 2001:DB8::1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: Other.Example\r\n";
  expect(await t.ask(lines)).toEqual({
    url: "https://other.example/x",
    who: {
      "x-forwarded-for": "2001:db8::1, 127.0.0.1",
      "x-forwarded-proto": "https",
      "x-real-ip": "2001:db8::1",
      "cf-connecting-ip": "2001:db8::1",
    },
    names: DIRECT.names,
  });
});

test("a trusted proxy that says nothing is the client", async () => {
  const t = await start({ trustedProxies: ["127.0.0.1"] });
  expect(await t.ask("")).toEqual(DIRECT);
});

test("a forwarded host that is none is a 400", async () => {
  const t = await start({ trustedProxies: ["127.0.0.1"] });
  await expect(t.ask("x-forwarded-host: a b\r\n")).rejects.toThrow("HTTP/1.1 400");
});

test("where proxies write Forwarded it counts, and nothing else does", async () => {
  const t = await start({ trustedProxies: ["127.0.0.1", "10.0.0.0/8"], forwardedHeaders: ["forwarded"] });
  const forwarded =
    'for=6.6.6.6;host=evil.example, for="[2001:db8::7]:4711";proto=https;host="other.example" ,for=10.0.0.9;proto=http';
  expect(await t.ask(`Forwarded: ${forwarded}\r\nx-forwarded-for: 9.9.9.9\r\n`)).toMatchObject({
    url: "https://other.example/x",
    who: { "x-forwarded-for": "2001:db8::7, 10.0.0.9, 127.0.0.1", "x-real-ip": "2001:db8::7" },
  });
});

function proxyV2(options: { command?: number; family?: number; block?: Buffer; extensions?: Buffer }): Buffer {
  const body = Buffer.concat([options.block ?? Buffer.alloc(0), options.extensions ?? Buffer.alloc(0)]);
  const head = Buffer.from("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\0", "latin1");
  head[12] = 0x20 | (options.command ?? 1);
  head[13] = options.family ?? 0x11;
  head.writeUInt16BE(body.length, 14);
  return Buffer.concat([head, body]);
}

const V4_BLOCK = Buffer.from([203, 0, 113, 9, 10, 0, 0, 1, 0x30, 0x39, 0, 80]);
const V6_BLOCK = Buffer.concat([Buffer.from("20010db8000000000000000000000009".repeat(2), "hex"), Buffer.alloc(4)]);
const TLS_EXTENSION = Buffer.from([0x04, 0, 1, 0xff, 0x20, 0, 5, 1, 0, 0, 0, 0]);

test.each<[string, string | Buffer, string, string]>([
  ["version 1 over IPv4", "PROXY TCP4 203.0.113.9 10.0.0.1 12345 80\r\n", "203.0.113.9", "http"],
  ["version 1 over IPv6", "PROXY TCP6 2001:db8::9 ::1 12345 80\r\n", "2001:db8::9", "http"],
  ["version 1 of the balancer itself", "PROXY UNKNOWN\r\n", "127.0.0.1", "http"],
  ["version 2 over IPv4", proxyV2({ block: V4_BLOCK }), "203.0.113.9", "http"],
  ["version 2 over IPv6", proxyV2({ family: 0x21, block: V6_BLOCK }), "2001:db8::9", "http"],
  ["version 2 over TLS", proxyV2({ block: V4_BLOCK, extensions: TLS_EXTENSION }), "203.0.113.9", "https"],
  ["version 2 of the balancer itself", proxyV2({ command: 0, family: 0 }), "127.0.0.1", "http"],
])("the PROXY protocol tells the client: %s", async (_what, header, address, scheme) => {
  const t = await start({ trustedProxies: ["127.0.0.1"], proxyProtocol: true });
  const seen = await t.ask("", header);
  expect(seen.who).toEqual({
    "x-forwarded-for": address,
    "x-forwarded-proto": scheme,
    "x-real-ip": address,
    "cf-connecting-ip": address,
  });
  expect(seen.url).toBe(`${scheme}://app.example/x`);
});

test("headers of a client behind the PROXY protocol are not believed, those of a trusted proxy behind it are", async () => {
  const t = await start({ trustedProxies: ["127.0.0.1", "10.0.0.0/8"], proxyProtocol: true });
  const line = "x-forwarded-for: 6.6.6.6\r\n";
  expect((await t.ask(line, "PROXY TCP4 203.0.113.9 10.0.0.1 1 80\r\n")).who["x-real-ip"]).toBe("203.0.113.9");
  expect((await t.ask(line, "PROXY TCP4 10.0.0.7 10.0.0.1 1 80\r\n")).who["x-real-ip"]).toBe("6.6.6.6");
});

test("a PROXY header that comes byte by byte is read, and so are several requests after it", async () => {
  const t = await start({ trustedProxies: ["127.0.0.1"], proxyProtocol: true });
  const client = await t.talk();
  for (const byte of proxyV2({ block: V4_BLOCK })) client.send(Buffer.from([byte]));
  for (const path of ["/1", "/2", "/3"]) {
    client.send(`GET ${path} HTTP/1.1\r\nhost: nobody.example\r\n\r\n`);
    await client.until("HTTP/1.1 404");
  }
});

test.each<[string, string | Buffer]>([
  ["no header", "GET / HTTP/1.1\r\nhost: app.example\r\n\r\n"],
  ["an address that is none", "PROXY TCP4 one two 1 2\r\n"],
  ["an address of another family", "PROXY TCP4 ::1 ::1 1 2\r\n"],
  ["a line without end", `PROXY UNKNOWN ${"x".repeat(200)}`],
  ["a version that nobody knows", Buffer.from("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c0123456789ab", "latin1")],
  ["a block that is too short", proxyV2({ block: V4_BLOCK.subarray(0, 8) })],
  ["a header without measure", Buffer.from("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", "latin1")],
])("a trusted proxy that sends %s in place of a PROXY header is cut off", async (_what, bytes) => {
  const t = await start({ trustedProxies: ["127.0.0.1"], proxyProtocol: true });
  const client = await t.talk();
  client.send(bytes);
  expect(await client.ended()).toBe("");
  expect(await t.metric("router_refused_connections_total", { cause: "proxy_header" })).toBe(1);
});

test("a client that is no trusted proxy cannot speak the PROXY protocol", async () => {
  const t = await start({ trustedProxies: ["10.0.0.0/8"], proxyProtocol: true });
  expect(await t.ask("")).toEqual(DIRECT);
  await expect(t.ask("", "PROXY TCP4 203.0.113.9 10.0.0.1 1 80\r\n")).rejects.toThrow("HTTP/1.1 400");
});
