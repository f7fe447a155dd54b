import { createHash } from "node:crypto";
import { websocketLimitsOf } from "@nano/protocol/manifest";
import { eventually } from "@nano/test-kit/eventually";
import { HostOp } from "@nano/web-api/boundary";
import { describe, expect, test } from "vitest";
import { MAX_PASSED_FETCHES } from "../src/body-passing.ts";
import { CryptoPool, type CryptoWaiter, MAX_CRYPTO_PER_APP } from "../src/crypto-pool.ts";
import { MAX_HEADER_BLOCK_CHARS } from "../src/header-block.ts";
import { MAX_LOG_CHARS } from "../src/response-ops.ts";
import { hostileSource, openHostileGuest } from "./hostile-guest.ts";
import { bytesOf, openIsolate } from "./isolate-harness.ts";

/** As a statement of the guest: an answer that is whole. */
const answer = (status: unknown, statusText: unknown, headers: unknown): string =>
  `op(${HostOp.RESPOND_SETTLED}, id, ${[status, statusText, headers].map((part) => (typeof part === "string" ? JSON.stringify(part) : String(part))).join(", ")}, "body");`;

describe("any argument of any operation", () => {
  const VALUES = [
    "undefined",
    "null",
    "true",
    "-1",
    "NaN",
    "Infinity",
    "1e308",
    "0.5",
    '""',
    '"SHA-256"',
    '"\\r\\n"',
    '"x".repeat(2e5)',
    "new ArrayBuffer(0)",
    "new ArrayBuffer(2e5)",
    "10n",
    "{ valueOf() { throw 1 } }",
    "[]",
    "() => {}",
    'Symbol("s")',
    "new Proxy({}, {})",
  ];

  test.each(Object.entries(HostOp))("%s", (_, code) => {
    const { run, isolate } = openHostileGuest({ limits: { subrequestCount: 1000, waitUntilMs: 0 } });
    for (const value of VALUES) {
      for (const target of ["id", "7777", value]) {
        const { sink } = run(
          `const v = ${value}; const call = (...args) => { try { op(${code}, ...args); } catch (e) { say("threw " + e.constructor.name); } };
           call(${target}); call(${target}, v); call(${target}, v, v); call(${target}, v, v, v, v); call(${target}, "a", v, "b", v);`,
        );
        expect(sink.settleCount).toBeLessThanOrEqual(1);
      }
    }
    expect(isolate.end).toBeNull();
    expect(run(answer(200, "", "")).sink.text).toBe("body");
  });

  test("numbers of operations that do not exist answer undefined", () => {
    const { run } = openHostileGuest();
    expect(run('for (const code of [0, 26, -1, 1e9, NaN, "1", undefined]) say(op(code, id, 1));').said).toEqual(
      Array(7).fill("undefined"),
    );
  });
});

describe("one end of the response", () => {
  test.each([
    ["an answer twice", `${answer(200, "", "")} ${answer(201, "", "")} op(${HostOp.RESPONSE_END}, id);`],
    ["throw after the answer", `${answer(200, "", "")} op(${HostOp.THREW}, id, "E", "m", "s");`],
    ["settled before and after", `op(${HostOp.SETTLED}, id); ${answer(200, "", "")} op(${HostOp.SETTLED}, id);`],
  ])("%s", (_, code) => {
    const { sink } = openHostileGuest().run(code);
    expect(sink.events).toEqual(["respond whole", "settle"]);
    expect(sink.head?.status).toBe(200);
  });

  test("a second head while the first one's body streams is dropped", () => {
    const respond = (status: number): string => `op(${HostOp.RESPOND}, id, ${status}, "", "", true);`;
    const { sink } = openHostileGuest().run(`${respond(200)} ${respond(201)} op(${HostOp.RESPONSE_END}, id);`);
    expect(sink.events).toEqual(["respond stream", "end"]);
    expect(sink.head?.status).toBe(200);
  });

  test("chunks and ends before the head, after the end and of others go nowhere", () => {
    const { run } = openHostileGuest();
    const other = run("").sink;
    const { sink } = run(
      `op(${HostOp.RESPONSE_CHUNK}, id, "early"); op(${HostOp.RESPONSE_END}, id);
       op(${HostOp.RESPOND}, id, 200, "", "", true); op(${HostOp.RESPONSE_CHUNK}, id, "1"); op(${HostOp.RESPONSE_CHUNK}, id, 5);
       op(${HostOp.RESPONSE_END}, id); op(${HostOp.RESPONSE_END}, id); op(${HostOp.RESPONSE_CHUNK}, id, "late"); op(${HostOp.RESPONSE_ERROR}, id, "m", "s");
       op(${HostOp.SETTLED}, id); op(${HostOp.RESPONSE_CHUNK}, id, "later"); op(${HostOp.RESPOND}, id - 1, 200, "", "", null);`,
    );
    expect(sink.events).toEqual(["respond stream", "chunk", "end", "settle"]);
    expect(sink.text).toBe("1");
    expect(other.events).toEqual([]);
  });

  test("settled without an answer is refused, and settled with half of one cuts it", async () => {
    const { run } = openHostileGuest({ limits: { timeoutMs: 20 } });
    const { sink } = run(`op(${HostOp.SETTLED}, id);`);
    expect(sink.events).toEqual([]);
    await sink.settled;
    expect(sink.events).toEqual(["fail wall_limit", "settle"]);
    const half = run(`op(${HostOp.RESPOND_SETTLED}, id, 200, "", "", true);`).sink;
    expect(half.events).toEqual(["respond stream", "fail response_cut", "settle"]);
  });

  test("an operation of a request that is over does nothing, its context may still run", async () => {
    const { run, sink } = openHostileGuest({ isolation: "app" }).start({
      path: `globalThis.onEvent = (event) => { op(${HostOp.RESPOND}, id, 200, "", "", "late"); }; op(${HostOp.TIMER_SET}, 1, 1); op(${HostOp.THREW}, id, "E", "m", "s"); op(${HostOp.SETTLED}, id);`,
    });
    await sink.settled;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sink.events).toEqual(["fail handler_threw", "settle"]);
    expect(run.isSettled).toBe(true);
  });
});

describe("what would split a response or a request", () => {
  test.each([
    ["CR LF in a value", "x\na\r\nset-cookie: b=1\n"],
    ["CR in a value", "x\na\rb\n"],
    ["NUL in a value", "x\na\0b\n"],
    ["a character above latin-1", "x\n\u0100\n"],
    ["DEL in a value", "x\na\u007fb\n"],
    ["a space in a name", "x y\na\n"],
    ["a colon in a name", "x:y\na\n"],
    ["an empty name", "\na\n"],
    ["a name without a value", "x\n"],
    ["no last line feed", "x\na"],
    ["an odd number of lines", "x\na\ny\n"],
    ["a number", 5],
    ["nothing", undefined],
  ])("a header block with %s is refused", (_, block) => {
    const { run, host } = openHostileGuest();
    expect(run(answer(200, "", block)).sink.events).toEqual(["fail handler_threw", "settle"]);
    const { said } = run(
      `say(op(${HostOp.FETCH_START}, 1, "GET", "http://up.test/", ${block === undefined ? "undefined" : JSON.stringify(block)}, "follow none"));`,
    );
    expect(said).toEqual(["The request's headers are malformed"]);
    expect(host.fetches).toEqual([]);
  });

  test("a header block of too many bytes is refused by name", () => {
    const { run, host } = openHostileGuest();
    const block = `x\n${"a".repeat(MAX_HEADER_BLOCK_CHARS)}\n`;
    expect(run(answer(200, "", block)).sink.events).toEqual(["fail response_headers_too_large", "settle"]);
    const { said } = run(
      `say(op(${HostOp.FETCH_START}, 1, "GET", "http://up.test/", ${JSON.stringify(block)}, "follow none"));`,
    );
    expect(said).toEqual([`The request's headers are longer than ${MAX_HEADER_BLOCK_CHARS} characters`]);
    expect(host.fetches).toEqual([]);
  });

  test("a header block of all that may be in one passes as it is", () => {
    const block = `x-1!#$%&'*+.^_\`|~\n\t !~\u0080\u00ff\nx\n\n${"y\nz\n".repeat(1_000)}`;
    const { sink } = openHostileGuest().run(answer(200, "", block));
    expect(sink.head?.headers).toBe(block);
  });

  test("status 101 without an upgrade is refused by name", () => {
    const { sink, said } = openHostileGuest().run(answer(101, "", ""));
    expect(sink.events).toEqual(["fail bad_upgrade", "settle"]);
    expect(said[0]).toMatch(/^bad_upgrade: /);
  });

  test.each([[99], [100], [199], [600], [200.5], [Number.NaN], ["200"], [null]])("status %s is refused", (status) => {
    expect(openHostileGuest().run(answer(status, "", "")).sink.events).toEqual(["fail handler_threw", "settle"]);
  });

  test.each([["OK\r\nx: y"], ["a\nb"], ["\u0100"], ["x".repeat(257)], [5]])("status text %j is refused", (text) => {
    expect(openHostileGuest().run(answer(200, text, "")).sink.events).toEqual(["fail handler_threw", "settle"]);
  });

  test.each([
    ['"GET x\\r\\n"', '"http://up.test/"', '"follow none"', "method"],
    ['"x".repeat(65)', '"http://up.test/"', '"follow none"', "method"],
    ["5", '"http://up.test/"', '"follow none"', "method"],
    ['"GET"', "5", '"follow none"', "URL"],
    ['"GET"', '"http://up.test/ x"', '"follow none"', "URL"],
    ['"GET"', '"http://up.test/\\u20ac"', '"follow none"', "URL"],
    ['"GET"', '"http://up.test/\\r\\nx"', '"follow none"', "URL"],
    ['"GET"', '""', '"follow none"', "URL"],
    ['"GET"', '"http://up.test/" + "x".repeat(1e6)', '"follow none"', "URL"],
    ['"GET"', '"http://up.test/"', '"sideways none"', "redirect"],
    ['"GET"', '"http://up.test/"', "undefined", "redirect"],
  ])("a fetch with method %s, URL %s, mode %s does not leave", (method, url, mode, named) => {
    const { run, host } = openHostileGuest();
    expect(run(`say(op(${HostOp.FETCH_START}, 1, ${method}, ${url}, "", ${mode}));`).said[0]).toContain(named);
    expect(host.fetches).toEqual([]);
  });

  test("a file is asked for of no app without assets, and never of a server", () => {
    const { run, host } = openHostileGuest();
    const { said } = run(`say(op(${HostOp.FETCH_ASSET}, 1, "GET", "http://up.test/", "", "follow none"));`);
    expect(said).toEqual(["The app has no assets"]);
    expect(host.fetches).toEqual([]);
  });

  test("a fetch call has one id", () => {
    const { run, host } = openHostileGuest();
    const start = `op(${HostOp.FETCH_START}, 1, "GET", "http://up.test/", "", "follow none")`;
    expect(run(`say(${start}); say(${start});`).said).toEqual(["undefined", "This fetch call has begun already"]);
    expect(host.fetches).toHaveLength(1);
  });
});

describe("bounds", () => {
  test("random bytes are as many as asked for, up to the bound", () => {
    const { run } = openHostileGuest();
    const { said } = run(`for (const n of [0, 1, 1.9, 65536, 65537, -1, NaN]) say(op(${HostOp.RANDOM_BYTES}, 0, n));`);
    expect(said).toEqual(["bytes 0", "bytes 1", "bytes 1", "bytes 65536", "undefined", "undefined", "undefined"]);
  });

  test("a timer is one id, and any delay is one that the host can wait", async () => {
    const { run, sink, host } = (() => {
      const opened = openHostileGuest();
      const { said, sink } = opened.run(
        `globalThis.onEvent = (event, timer) => { say("fired " + timer); if (timer === 4) ${answer(200, "", "")} };
         say(op(${HostOp.TIMER_SET}, 1, Infinity)); say(op(${HostOp.TIMER_SET}, 1, 0)); say(op(${HostOp.TIMER_SET}, 2, 1e20));
         say(op(${HostOp.TIMER_SET}, 3, NaN)); say(op(${HostOp.TIMER_SET}, 4, 2));`,
      );
      return { run: said, sink, host: opened.host };
    })();
    expect(run).toEqual(["true", "false", "true", "true", "true"]);
    await sink.settled;
    expect(host.logs.slice(5).map(({ text }) => text)).toEqual(["fired 3", "fired 4"]);
  });

  test("levels of the log are known ones, and lines have a bound", () => {
    const { run, host } = openHostileGuest();
    run(
      `op(${HostOp.LOG}, 0, "fatal", "a"); op(${HostOp.LOG}, 0, "warn", "x".repeat(1e6)); op(${HostOp.LOG}, 0, 5, 5); op(${HostOp.THREW}, id, "n".repeat(1e6), "m".repeat(1e6), "s".repeat(1e6));`,
    );
    expect(host.logs.map(({ level }) => level)).toEqual(["log", "warn", "log", "error"]);
    for (const { text, stack = "" } of host.logs) {
      expect(text.length).toBeLessThan(33_000);
      expect(stack.length).toBeLessThan(17_000);
    }
  });

  test("long digests run off the thread, and come by an event of their own", async () => {
    const { host, run } = openHostileGuest();
    const { said, sink } = run(
      `let left = 2; globalThis.onEvent = (event, call, digest) => { say(event + " " + call + " " + new Uint8Array(digest)[0] + " of " + digest.byteLength); if (--left === 0) ${answer(200, "", "")} };
       say(op(${HostOp.DIGEST}, 1, "SHA-256", new ArrayBuffer(1e5))); say(op(${HostOp.DIGEST}, 2, "SHA-512", new ArrayBuffer(1e5)));
       say(op(${HostOp.DIGEST}, 3, "SHA-1", new ArrayBuffer(10)));`,
    );
    expect(said).toEqual(["undefined", "undefined", "bytes 20"]);
    await sink.settled;
    const first = (name: string): number => createHash(name).update(Buffer.alloc(1e5)).digest()[0] ?? 0;
    expect(
      host.logs
        .slice(3)
        .map(({ text }) => text)
        .sort(),
    ).toEqual([`24 1 ${first("sha256")} of 32`, `24 2 ${first("sha512")} of 64`]);
  });

  test("more digests at once than may wait for a thread are answered within the entry", async () => {
    const { run, isolate } = openHostileGuest({ limits: { waitUntilMs: 0 } });
    const { said } = run(
      `for (let i = 0; i < ${MAX_CRYPTO_PER_APP + 2}; i++) say(op(${HostOp.DIGEST}, i, "SHA-1", new ArrayBuffer(1e5)));`,
    );
    expect(said).toEqual([...Array(MAX_CRYPTO_PER_APP).fill("undefined"), "bytes 20", "bytes 20"]);
    // What is under way ends with its isolate, without a sound.
    isolate.dispose();
    await eventually(() => true);
  });

  test("a digest is known by its own name only", () => {
    const { run } = openHostileGuest();
    const { said, sink } = run(
      `for (const name of ["MD5", "__proto__", "constructor", "sha-256", 5]) say(op(${HostOp.DIGEST}, 1, name, new ArrayBuffer(8)));`,
    );
    expect(said).toEqual(Array(5).fill("!NotSupportedError The hash is unknown"));
    expect(sink.events).toEqual([]);
  });

  test("text that the host makes comes in a buffer that holds nothing else", () => {
    const { run } = openHostileGuest();
    expect(run(`say(op(${HostOp.TEXT_ENCODE}, 0, "ab\\u20ac"));`).said).toEqual(["bytes 5"]);
  });
});

describe("texts and bytes that would take much of the host", () => {
  const LONG = "(' '.repeat(5e6))";

  test.each([
    ["GENERATE", `op(${HostOp.CRYPTO_GENERATE}, 1, "secret 0 128" + ${LONG})`],
    ["IMPORT", `op(${HostOp.CRYPTO_IMPORT}, 1, "secret raw 1 any:0" + ${LONG}, new ArrayBuffer(16))`],
    ["UNWRAP", `op(${HostOp.CRYPTO_UNWRAP}, 1, ${LONG}, "1", new ArrayBuffer(0), new ArrayBuffer(0))`],
  ])("a command of CRYPTO_%s is a short one", (_, code) => {
    expect(openHostileGuest().run(`say(${code});`).said).toEqual(["!OperationError There is no command"]);
  });

  test.each([[`"follow none" + ${LONG}`], [`"follow " + ${LONG}`]])(
    "the mode of a fetch is a short one: %s",
    (mode) => {
      const { run, host } = openHostileGuest();
      const { said } = run(`say(op(${HostOp.FETCH_START}, 1, "GET", "http://up.test/", "", ${mode}));`);
      expect(said).toEqual(["The request's redirect mode is unknown"]);
      expect(host.fetches).toEqual([]);
    },
  );

  test("parameters that wait for a thread count as the data does", () => {
    const key = `JSON.parse(op(${HostOp.CRYPTO_IMPORT}, 0, "secret raw 1 aes:0", new ArrayBuffer(16)))[0]`;
    const jobs: CryptoWaiter[] = [];
    const cryptoPool = new CryptoPool();
    cryptoPool.submit = (_, waiter) => jobs.push(waiter) > 0;
    const { run, host } = openHostileGuest({ cryptoPool });
    run(`const handle = ${key}[3]; const big = new ArrayBuffer(1e6);
      say(op(${HostOp.CRYPTO_CIPHER}, 1, "encrypt AES-GCM 128 12", handle, new ArrayBuffer(1e5), big));
      say(op(${HostOp.CRYPTO_CIPHER}, 2, "encrypt AES-GCM 128 12", handle, new ArrayBuffer(1), big));`);
    expect(host.logs.map(({ text }) => text)).toEqual(["undefined", "undefined"]);
    expect(jobs.map(({ job }) => job.heldBytes)).toEqual([1_100_000, 1_000_001]);
  });

  test("what is kept of a long line is no view of all of it", () => {
    const { run, host } = openHostileGuest();
    run(`op(${HostOp.LOG}, 0, "info", "\ud800" + "x".repeat(2e5));`);
    const before = host.logs[0]?.text ?? "";
    expect(before).toBe(`\ud800${"x".repeat(MAX_LOG_CHARS - 1)}`);
  });
});

describe("an outbound WebSocket", () => {
  test("takes no part in operations of fetches: nothing is sent or asked for beside its messages", () => {
    const { run, host } = openHostileGuest();
    run(`op(${HostOp.DIAL}, 1, "http://up.test/", "", "follow"); op(${HostOp.FETCH_PULL}, 1);
      op(${HostOp.FETCH_BODY_CHUNK}, 1, new ArrayBuffer(5)); op(${HostOp.FETCH_BODY_END}, 1); op(${HostOp.FETCH_PULL}, 1);`);
    expect(host.fetches.map(({ calls }) => calls)).toEqual([[]]);
    host.fetches[0]?.listener.onHead({
      status: 101,
      statusText: "",
      headers: "",
      url: "http://up.test/",
      redirected: false,
    });
    expect(host.fetches[0]?.calls).toEqual(["pull"]);
  });

  test("that cannot be begun counts for none", () => {
    const { run, host } = openHostileGuest();
    const open = host.openFetch.bind(host);
    host.openFetch = () => {
      throw new Error("no");
    };
    const dial = `op(${HostOp.DIAL}, 1, "http://up.test/", "", "follow");`;
    for (let i = 0; i < websocketLimitsOf({}).maxOutboundCount; i++) run(dial);
    host.openFetch = open;
    run(dial);
    expect(host.fetches).toHaveLength(1);
  });
});

describe("bodies that are passed on", () => {
  const fetch = (id: number, body: string | number): string =>
    `say(op(${HostOp.FETCH_START}, ${id}, "POST", "http://up.test/", "", "follow ${body}"));`;
  const NOT_THERE = "The body that was handed on belongs to a request or response that is over";

  test("a fetch does not send its own answer", () => {
    const { run, host, isolate } = openHostileGuest({ isolation: "app" });
    const { said, sink } = run(`${fetch(5, -5)} ${answer(200, "", "")} op(${HostOp.SETTLED}, id);`);
    expect(said).toEqual([NOT_THERE]);
    expect(host.fetches[0]?.calls).toEqual(["cancel"]);
    expect([sink.settleCount, isolate.end]).toEqual([1, null]);
  });

  test("a fetch whose id is also the name of a request's body is not taken for its own source", () => {
    const { start, host, isolate } = openHostileGuest({ isolation: "app" });
    // Its id, negative, is the request's.
    const { sink } = start({
      body: true,
      path: `say(op(${HostOp.FETCH_START}, -id, "POST", "http://up.test/", "", "follow " + id)); ${answer(200, "", "")} op(${HostOp.SETTLED}, id);`,
    });
    expect(host.logs.map(({ text }) => text)).toEqual(["undefined"]);
    expect([sink.settleCount, isolate.end]).toEqual([1, null]);
    expect(host.fetches[0]?.calls.at(-1)).toBe("cancel");
  });

  test("two fetches do not send each other's answers", () => {
    const { run, host } = openHostileGuest({ isolation: "app" });
    const { said, sink } = run(`${fetch(1, -2)} ${fetch(2, -1)} ${fetch(1, -2)} ${answer(200, "", "")}
      op(${HostOp.SETTLED}, id);`);
    expect(said).toEqual([NOT_THERE, NOT_THERE, NOT_THERE]);
    expect(host.fetches.map(({ calls }) => calls.at(-1))).toEqual(["cancel", "cancel", "cancel"]);
    expect(sink.settleCount).toBe(1);
  });

  test("a chain of fetches is a short one, and ends as a whole", () => {
    const limits = { subrequestCount: 1000, subrequestsAtOnceCount: 1000 };
    const { run, host } = openHostileGuest({ isolation: "app", limits });
    const { said, sink } = run(`${fetch(1, "stream")}
      for (let i = 2; i <= ${MAX_PASSED_FETCHES + 1}; i++) say(op(${HostOp.FETCH_START}, i, "POST", "http://up.test/", "", "follow -" + (i - 1)));
      ${answer(200, "", "")} op(${HostOp.SETTLED}, id);`);
    expect(said.slice(0, -1)).toEqual(Array(MAX_PASSED_FETCHES).fill("undefined"));
    expect(said.at(-1)).toMatch(/has gone through 16 fetches already$/);
    expect(sink.settleCount).toBe(1);
    for (const { calls } of host.fetches) expect(calls.at(-1)).toBe("cancel");
  });

  test("the late end of a fetch does not touch one that has its id", async () => {
    const { run, host, isolate } = openHostileGuest({ isolation: "app", limits: { subrequestSentBytes: 10 } });
    const { sink } = run(`globalThis.onEvent = () => {}; ${fetch(1, "stream")}
      op(${HostOp.FETCH_BODY_CHUNK}, 1, new ArrayBuffer(100)); op(${HostOp.FETCH_CANCEL}, 1); ${fetch(1, "stream")}`);
    // That too much was sent is told in a later turn.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    isolate.dispose();
    expect(host.fetches.map(({ calls }) => calls)).toEqual([["cancel"], ["cancel"]]);
    expect(sink.settleCount).toBe(1);
  });
});

describe("attach", () => {
  test("a sliver whose secret does not fit, or whose attach answers no function, runs nothing", () => {
    for (const secret of ["wrong", "refuse"]) {
      const opened = openIsolate("", { source: hostileSource(secret) });
      expect(() => opened.start({ path: "say(1)" })).toThrow(/refused to attach/);
      expect(opened.host.logs).toEqual([]);
      expect(opened.isolate.runCount).toBe(0);
      expect(opened.host.openEntryCount).toBe(0);
    }
  });
});

test("a guest that throws out of its entry costs a line of the log", () => {
  const { run, isolate, host } = openHostileGuest();
  const { sink } = run(`${answer(200, "", "")} throw new Error("out");`);
  expect(sink.events).toEqual(["respond whole", "settle"]);
  expect(host.logs[0]?.text).toContain("out");
  expect(isolate.end).toBeNull();
});

test("a body may be pushed at a guest that never asked", () => {
  const { start, isolate } = openHostileGuest();
  const { run, sink } = start({ path: "", body: true });
  isolate.pushBody(run, bytesOf("x"));
  isolate.endBody(run);
  isolate.pullResponse(run);
  expect(sink.events).toEqual([]);
});
