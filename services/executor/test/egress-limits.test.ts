import type { LookupAddress } from "node:dns";
import type { ServerResponse } from "node:http";
import { connect, type LookupFunction, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { egressFetch, openFetch, startEgress, startOrigin } from "./egress-harness.ts";

describe("what may be fetched", () => {
  it.each([
    ["http://127.0.0.1/", "loopback"],
    ["http://2130706433/", "loopback"],
    ["http://0x7f.1/", "loopback"],
    ["http://0177.0.0.1/", "loopback"],
    ["http://[::1]/", "loopback"],
    ["http://[::ffff:127.0.0.1]/", "loopback"],
    ["http://[64:ff9b::7f00:1]/", "loopback"],
    ["http://0/", "unspecified"],
    ["http://169.254.169.254/", "metadata"],
    ["https://10.0.0.1/", "private"],
    ["http://１２７.0.0.1/", "loopback"],
    ["http://127.1/", "loopback"],
    ["http://127.0.0.1./", "loopback"],
    ["http://0x7f000001/", "loopback"],
    ["http://017700000001/", "loopback"],
    ["http://127.0.0.01/", "loopback"],
    ["http://0x7F.0x0.0x0.0x1/", "loopback"],
    ["http://%31%32%37.0.0.1/", "loopback"],
    ["http://3232235777/", "private"],
    ["http://0xA9.0xFE.0xA9.0xFE/", "metadata"],
    ["http://100.64.0.1/", "carrier-grade"],
    ["http://224.0.0.1/", "multicast"],
    ["http://[::]/", "unspecified"],
    ["http://[0:0:0:0:0:ffff:7f00:0001]/", "loopback"],
    ["http://[::127.0.0.1]/", "loopback"],
    ["http://[fe80::1]/", "link-local"],
    ["http://[fd00::1]/", "unique-local"],
    ["http://[ff02::1]/", "multicast"],
    ["http://[2002:7f00:1::]/", "6to4"],
    ["http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "Teredo"],
  ])("refuses the literal %s", async (url, rule) => {
    const { fetch } = await startEgress({ allowedRanges: [] });
    await expect(fetch(url)).rejects.toThrow(rule);
  });

  it.each([
    ["ftp://example.test/", "scheme ftp:"],
    ["data:text/plain,x", "scheme data:"],
    ["http://user@example.test/", "user name"],
    ["http://example.test:22/", "port 22"],
    ["https://example.test:80000/", "does not parse"],
    ["nonsense", "does not parse"],
    ["http://[fe80::1%25eth0]/", "does not parse"],
    ["http://[fe80::1%eth0]/", "does not parse"],
    ["http://256.0.0.1/", "does not parse"],
    ["http://127.0.0.1.1/", "does not parse"],
    [`http://example.test/${"x".repeat(17_000)}`, "longer than"],
  ])("refuses the URL %.40s", async (url, rule) => {
    const { fetch } = await startEgress();
    await expect(fetch(url)).rejects.toThrow(rule);
  });

  it.each(["CONNECT", "TRACE", "track", "GET / HTTP/1.1\r\nx: y"])("refuses the method %j", async (method) => {
    const { fetch } = await startEgress();
    await expect(fetch("http://example.test/", { method })).rejects.toThrow("Method is refused");
  });

  it("refuses headers that would write a request of their own", async () => {
    const { fetch } = await startEgress();
    await expect(fetch("http://example.test/", { headers: ["x y", "1"] })).rejects.toThrow("Request header is refused");
    await expect(fetch("http://example.test/", { headers: ["x", "1\rhost: y"] })).rejects.toThrow("value of x");
  });
});

describe("names", () => {
  /** Connects to a local port whatever address it is given, and notes that address. */
  function recordingConnector(port: number, connected: string[]) {
    return ({ lookup }: { lookup: LookupFunction }) =>
      (target: { hostname: string }, callback: (...args: [Error, null] | [null, Socket]) => void) => {
        lookup(target.hostname, { all: true }, (error, addresses) => {
          if (error !== null) {
            callback(error, null);
            return;
          }
          for (const each of addresses as LookupAddress[]) connected.push(each.address);
          const socket = connect(port, "127.0.0.1", () => callback(null, socket));
        });
      };
  }

  it("connect only to those of their addresses that are allowed", async () => {
    const { origin, port } = await startOrigin((request, response) => response.end(request.headers.host));
    expect(origin).toContain(String(port));
    const connected: string[] = [];
    const { fetch } = await startEgress(
      {},
      {
        resolveName: async () => [
          { address: "10.0.0.1", family: 4 },
          { address: "93.184.216.34", family: 4 },
          { address: "::ffff:192.168.0.1", family: 6 },
        ],
        createConnector: recordingConnector(port, connected),
      },
    );
    const answer = await fetch("http://mixed.test/");
    expect(answer.body.toString()).toBe("mixed.test");
    expect(connected).toEqual(["93.184.216.34"]);
  });

  it("are resolved once: an answer that changes between check and connect changes nothing", async () => {
    const { port } = await startOrigin((_, response) => response.end("ok"));
    const connected: string[] = [];
    let asked = 0;
    const { fetch } = await startEgress(
      {},
      {
        resolveName: async () => {
          asked += 1;
          return [{ address: asked === 1 ? "93.184.216.34" : "10.0.0.1", family: 4 }];
        },
        createConnector: recordingConnector(port, connected),
      },
    );
    await fetch("http://rebinding.test/");
    expect(asked).toBe(1);
    expect(connected).toEqual(["93.184.216.34"]);
  });

  it("that lead to refused addresses are refused, without the address in the message", async () => {
    const { fetch } = await startEgress({}, { resolveName: async () => [{ address: "10.9.8.7", family: 4 }] });
    const failure = await fetch("http://inside.test/").catch((error: Error) => error.message);
    expect(failure).toBe("Host inside.test is refused: its address is a private address");
  });

  it("are refused when the socket turns out to be connected to a refused address", async () => {
    const { port } = await startOrigin((_, response) => response.end("reached"));
    const { fetch } = await startEgress(
      { allowedRanges: [] },
      {
        resolveName: async () => [{ address: "93.184.216.34", family: 4 }],
        createConnector: recordingConnector(port, []),
      },
    );
    await expect(fetch("http://lying.test/")).rejects.toThrow("loopback");
  });

  it("that one app waits for hold up no other app, and are asked for once at a time", async () => {
    const { port } = await startOrigin((_, response) => response.end("ok"));
    const asked: string[] = [];
    const silent = Promise.withResolvers<LookupAddress[]>();
    const { fetch } = await startEgress(
      {},
      {
        resolveName: async (name) => {
          asked.push(name);
          return name.startsWith("dead") ? silent.promise : [{ address: "93.184.216.34", family: 4 }];
        },
        createConnector: recordingConnector(port, []),
      },
    );
    const names = ["dead1.test", "dead1.test", "dead2.test", "dead3.test"];
    const waiting = names.map((name) => fetch(`http://${name}/`));
    expect((await fetch("http://live.test/", { app: "app-2" })).body.toString()).toBe("ok");
    expect(asked).toEqual(["dead1.test", "dead2.test", "live.test"]);
    silent.resolve([{ address: "93.184.216.34", family: 4 }]);
    await Promise.all(waiting);
    expect(asked).toEqual(["dead1.test", "dead2.test", "live.test", "dead3.test"]);
  });

  it.each([
    ["a trailing dot", "http://inside.test./"],
    ["capitals", "http://INSIDE.test/"],
    ["localhost below a name", "http://localhost./"],
  ])("with %s are judged by what they lead to", async (_what, url) => {
    const { fetch } = await startEgress(
      { allowedRanges: [] },
      { resolveName: async () => [{ address: "127.0.0.1", family: 4 }] },
    );
    await expect(fetch(url)).rejects.toThrow("its address is a loopback address");
  });

  it("with a zone in an address that they lead to are refused", async () => {
    const { fetch } = await startEgress({}, { resolveName: async () => [{ address: "fe80::1%eth0", family: 6 }] });
    await expect(fetch("http://zoned.test/")).rejects.toThrow(/link-local|reserved/);
  });

  it("that do not resolve say so", async () => {
    const { fetch } = await startEgress(
      {},
      {
        resolveName: async () => {
          throw new Error("ENOTFOUND from 10.0.0.53");
        },
      },
    );
    const failure = await fetch("http://nowhere.test/").catch((error: Error) => error.message);
    expect(failure).toBe("Host nowhere.test has no address: the name does not resolve");
  });
});

describe("bounds", () => {
  it("a refused connection names host and cause alone", async () => {
    const { fetch } = await startEgress();
    const failure = await fetch("http://127.0.0.1:9876/").catch((error: Error) => error.message);
    expect(failure).toBe("Connection to 127.0.0.1 failed: ECONNREFUSED");
  });

  it("a response over the limit is cut, also one that grows by decoding", async () => {
    const { gzipSync } = await import("node:zlib");
    const { fetch, server } = await startEgress({ responseBytes: 100_000 });
    const { origin } = await startOrigin((request, response) => {
      if (request.url === "/bomb")
        response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(50_000_000)));
      else response.end(Buffer.alloc(200_000));
    });
    await expect(fetch(origin)).rejects.toThrow("more than 100000 bytes");
    await expect(fetch(`${origin}/bomb`)).rejects.toThrow("more than 100000 bytes");
    expect(server.counts.fetchesByOutcome.limited).toBe(2);
    expect(server.counts.responseBodyBytesTotal).toBeLessThan(500_000);
  });

  it("response headers over the limit fail", async () => {
    const { fetch } = await startEgress({ headerBytes: 2048 });
    const { origin } = await startOrigin((_, response) => response.setHeader("x", "y".repeat(4000)).end());
    await expect(fetch(origin)).rejects.toThrow("Response headers of 127.0.0.1 are too large");
  });

  it("a server that sends no head, and one that stops in its body, run into a timeout", async () => {
    const { fetch } = await startEgress({ headersTimeoutMs: 100, idleTimeoutMs: 100 });
    const { origin } = await startOrigin((request, response) => {
      if (request.url === "/body") response.write("part");
    });
    await expect(fetch(`${origin}/head`)).rejects.toThrow("no response head for 100 ms");
    await expect(fetch(`${origin}/body`)).rejects.toThrow("no byte moved for 100 ms");
  });

  it("a response that breaks off is an error, not an end", async () => {
    const { fetch } = await startEgress();
    const { origin } = await startOrigin((_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("part", () => response.destroy());
    });
    await expect(fetch(origin)).rejects.toThrow("Response of 127.0.0.1 broke off");
  });

  it("an app waits for its own connections only, and its queue has an end", async () => {
    const { link, server } = await startEgress({ connectionsPerAppCount: 1, queuedPerAppCount: 1 });
    const held: ServerResponse[] = [];
    const { origin } = await startOrigin((request, response) => {
      if (request.url === "/hold") held.push(response.writeHead(200));
      else response.end("free");
      held.at(-1)?.flushHeaders();
    });
    const first = openFetch(link, `${origin}/hold`);
    await first.head;
    const second = openFetch(link, `${origin}/next`);
    await expect(egressFetch(link, origin)).rejects.toThrow("this app has all of its 1 connections in use");
    expect((await egressFetch(link, origin, { app: "app-2" })).body.toString()).toBe("free");
    expect(server.counts).toMatchObject({ runningCount: 1, waitingCount: 1 });
    held[0]?.end("held");
    expect((await first.answer).body.toString()).toBe("held");
    expect((await second.answer).body.toString()).toBe("free");
    expect(server.counts).toMatchObject({ runningCount: 0, waitingCount: 0 });
  });

  it("all apps together have a bound, and waiting for it has a deadline", async () => {
    const { link } = await startEgress({ connectionsCount: 1, queueTimeoutMs: 50 });
    const { origin } = await startOrigin((_, response) => response.writeHead(200).flushHeaders());
    const first = openFetch(link, origin);
    first.answer.catch(() => undefined);
    await first.head;
    await expect(egressFetch(link, origin, { app: "app-2" })).rejects.toThrow("this node has all of its 1 connections");
  });

  it("idle connections give way when the cap is reached", async () => {
    const { link, server } = await startEgress({ connectionsPerAppCount: 2 });
    const origins = await Promise.all([1, 2, 3, 4].map(() => startOrigin((_, response) => response.end("x"))));
    for (const { origin } of origins) await egressFetch(link, origin);
    expect(server.counts.connectionsTotal).toBe(4);
    expect(server.counts.socketCount).toBeLessThanOrEqual(2);
  });
});
