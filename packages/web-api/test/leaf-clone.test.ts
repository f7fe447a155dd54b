import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { type Guest, openGuest, openUnattached } from "./harness.ts";

let guest: Guest;
beforeAll(async () => {
  guest = await openGuest();
});
afterAll(() => guest[Symbol.dispose]());

const run = (body: string): unknown => guest.evaluate(`(() => { ${body} })()`);

/** Enters the timers that were set, until none is left. */
function runTimers(from: number): void {
  for (let i = from; i < guest.of(HostOp.TIMER_SET).length; i++) {
    guest.enter(GuestEvent.TIMER, guest.of(HostOp.TIMER_SET)[i]?.id ?? 0);
  }
}

describe("structuredClone", () => {
  it("clones primitives and their wrappers", () => {
    expect(
      run(`return [structuredClone(1), structuredClone("a"), structuredClone(null), structuredClone(undefined), Object.is(structuredClone(-0), -0),
        structuredClone(5n) === 5n, structuredClone(new Boolean(false)).valueOf(), structuredClone(new Number(3)).valueOf(),
        structuredClone(new String("s")).valueOf(), typeof structuredClone(Object(1n))]`),
    ).toEqual([1, "a", null, undefined, true, true, false, 3, "s", "object"]);
  });

  it("clones plain objects by their own enumerable properties", () => {
    expect(
      run(`const proto = { inherited: 1 }, source = Object.create(proto, { hidden: { value: 1 }, shown: { get() { return "got"; }, enumerable: true } });
        source[Symbol()] = 1; source.nested = { list: [1, , "x"] };
        Object.defineProperty(source, "__proto__", { value: "own", enumerable: true });
        class Point { constructor() { this.x = 1; } get y() { return 2; } }
        const clone = structuredClone(source), point = structuredClone(new Point());
        return [Object.keys(clone).join(), clone.shown, 1 in clone.nested.list, clone.nested.list.length, Object.getPrototypeOf(clone) === Object.prototype,
          Object.getOwnPropertyDescriptor(clone, "__proto__").value, Object.getPrototypeOf(point) === Object.prototype, point.x, "y" in point]`),
    ).toEqual(["shown,nested,__proto__", "got", false, 3, true, "own", true, 1, false]);
  });

  it("clones arrays with their holes and other properties", () => {
    expect(
      run(`const list = [1, , 3]; list.extra = "e"; list.length = 5; const clone = structuredClone(list);
        return [Array.isArray(clone), clone.length, Object.keys(clone).join(), clone.extra]`),
    ).toEqual([true, 5, "0,2,extra", "e"]);
  });

  it("clones dates, regular expressions, maps and sets, whatever tag they bear", () => {
    expect(
      run(`const date = new Date(7); date[Symbol.toStringTag] = "Nope";
        const regexp = /a(b)/giu; regexp.lastIndex = 3;
        const map = new Map([["k", { v: 1 }]]); map.set(map, map);
        const set = new Set(["a", map]);
        const c = structuredClone({ date, regexp, map, set, invalid: new Date(NaN) });
        return [c.date.getTime(), c.regexp.source, c.regexp.flags, c.regexp.lastIndex, c.map.get("k").v, c.map.get(c.map) === c.map,
          [...c.set][0], c.set.has(c.map), c.map !== map, Number.isNaN(c.invalid.getTime()), c.date instanceof Date]`),
    ).toEqual([7, "a(b)", "giu", 0, 1, true, "a", true, true, true, true]);
  });

  it("clones errors with their type, message, stack and cause", () => {
    expect(
      run(`const error = new RangeError("m", { cause: { a: 1 } }); error.extra = 1;
        const c = structuredClone(error);
        class Mine extends TypeError { name = "Mine"; }
        const mine = structuredClone(new Mine("x")), dom = structuredClone(new DOMException("d", "DataError"));
        return [c instanceof RangeError, c.name, c.message, c.stack === error.stack, c.cause.a, "extra" in c, Object.keys(c).length,
          mine.name, mine.message, Object.getPrototypeOf(mine) === Error.prototype, dom instanceof DOMException, dom.name, dom.message, "message" in structuredClone(new Error())]`),
    ).toEqual([true, "RangeError", "m", true, 1, false, 0, "Error", "x", true, true, "DataError", "d", true]);
  });

  it("clones buffers and views, which share where they shared", () => {
    expect(
      run(`const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
        const source = { a: new Uint16Array(buffer, 2, 2), b: new DataView(buffer, 1, 3), buffer, c: new BigInt64Array(1), d: new Float64Array([0.5]) };
        const c = structuredClone(source);
        new Uint8Array(c.buffer)[2] = 9;
        return [c.a.buffer === c.buffer, c.b.buffer === c.buffer, c.a[0], c.a.byteOffset, c.a.length, c.b.getUint8(1), c.b.byteLength, new Uint8Array(buffer)[2],
          c.c.constructor.name, c.d[0], structuredClone(new ArrayBuffer(1, { maxByteLength: 4 })).maxByteLength]`),
    ).toEqual([true, true, 9 + 4 * 256, 2, 2, 9, 3, 3, "BigInt64Array", 0.5, 4]);
  });

  it("keeps cycles and identities", () => {
    expect(
      run(`const a = { name: "a" }; a.self = a; a.list = [a, a]; const c = structuredClone(a);
        return [c.self === c, c.list[0] === c.list[1], c.list[0] === c, c !== a]`),
    ).toEqual([true, true, true, true]);
  });

  it("clones blobs and files", () => {
    expect(
      run(`const c = structuredClone([new Blob(["ab"], { type: "x/y" }), new File(["c"], "n", { lastModified: 5 })]);
        return [c[0] instanceof Blob, c[0].size, c[0].type, c[1] instanceof File, c[1].name, c[1].lastModified]`),
    ).toEqual([true, 2, "x/y", true, "n", 5]);
  });

  it("moves what is to be transferred, with the views on it", () => {
    expect(
      run(`const buffer = Uint8Array.of(1, 2, 3).buffer, view = new Uint8Array(buffer, 1);
        const c = structuredClone({ view, buffer }, { transfer: [buffer] });
        return [buffer.byteLength, buffer.detached, view.length, c.view.join(), c.view.buffer === c.buffer, c.buffer.byteLength]`),
    ).toEqual([0, true, 0, "2,3", true, 3]);
  });

  it("refuses what cannot be cloned by a DataCloneError, and then transfers nothing", () => {
    expect(
      run(`const buffer = new ArrayBuffer(3), detached = new ArrayBuffer(1); structuredClone(detached, { transfer: [detached] });
        const wrong = [() => {}, Symbol("s"), Object(Symbol()), new WeakMap(), new WeakSet(), Promise.resolve(), new URL("http://a"), new Headers(), new EventTarget(),
          (function* () {})(), detached, new MessageChannel().port1, new TextDecoder(), new Response()];
        const passed = wrong.filter((value) => {
          try { structuredClone({ value, buffer }, { transfer: [buffer] }); return true; }
          catch (e) { return !(e instanceof DOMException && e.name === "DataCloneError" && e.code === 25); }
        });
        const transfers = [[{}], [buffer, buffer], [detached]].filter((transfer) => {
          try { structuredClone(1, { transfer }); return true; } catch (e) { return e.name !== "DataCloneError"; }
        });
        return [passed.length, transfers.length, buffer.byteLength]`),
    ).toEqual([0, 0, 3]);
  });

  it("passes on what a getter throws, and needs an argument", () => {
    expect(
      run(`try { structuredClone({ get a() { throw new RangeError("mine"); } }); } catch (e) { var m = e.message; }
        try { structuredClone(); } catch (e) { return [m, e.name]; }`),
    ).toEqual(["mine", "TypeError"]);
  });

  it("works while the app initialises", async () => {
    using unattached = await openUnattached({
      app: `globalThis.clone = structuredClone(new Map([[1, [2]]])); exports.default = { fetch() {} };`,
    });
    expect(unattached.evaluate("clone.get(1)[0]")).toBe(2);
  });
});

describe("MessageChannel", () => {
  it("delivers clones in order, each in a task of its own", () => {
    const from = guest.of(HostOp.TIMER_SET).length;
    guest.evaluate(`globalThis.log = []; globalThis.channel = new MessageChannel();
      channel.port2.onmessage = (e) => { log.push(e.data.n, e instanceof MessageEvent, e.ports.length); Promise.resolve().then(() => log.push("micro")); };
      const data = { n: 1 }; channel.port1.postMessage(data); data.n = 2; channel.port1.postMessage(data); 0`);
    expect(guest.evaluate(`log`)).toEqual([]);
    expect(guest.of(HostOp.TIMER_SET).length).toBe(from + 1);
    runTimers(from);
    expect(guest.evaluate(`log`)).toEqual([1, true, 0, "micro", 2, true, 0, "micro"]);
  });

  it("keeps messages until the port is started", () => {
    const from = guest.of(HostOp.TIMER_SET).length;
    guest.evaluate(`globalThis.log = []; globalThis.channel = new MessageChannel();
      channel.port1.postMessage("kept"); channel.port2.addEventListener("message", (e) => log.push(e.data)); 0`);
    runTimers(from);
    expect(guest.evaluate(`log`)).toEqual([]);
    guest.evaluate(`channel.port2.start(); 0`);
    runTimers(from);
    expect(guest.evaluate(`log`)).toEqual(["kept"]);
  });

  it("delivers nothing after close", () => {
    const from = guest.of(HostOp.TIMER_SET).length;
    guest.evaluate(`globalThis.log = []; globalThis.channel = new MessageChannel();
      channel.port2.onmessage = (e) => log.push(e.data); channel.port1.postMessage(1); channel.port2.close(); channel.port1.postMessage(2); 0`);
    runTimers(from);
    expect(guest.evaluate(`log`)).toEqual([]);
  });

  it("transfers ports and buffers", () => {
    const from = guest.of(HostOp.TIMER_SET).length;
    guest.evaluate(`globalThis.log = [];
      const a = new MessageChannel(), b = new MessageChannel(), buffer = new ArrayBuffer(2);
      a.port2.onmessage = (e) => { e.ports[0].onmessage = (e) => log.push(e.data); log.push(e.data.buffer.byteLength, e.data.port === e.ports[0]); };
      b.port1.postMessage("early");
      a.port1.postMessage({ buffer, port: b.port2 }, [buffer, b.port2]);
      b.port1.postMessage("late"); log.push(buffer.byteLength); 0`);
    runTimers(from);
    expect(guest.evaluate(`log`)).toEqual([0, 2, true, "early", "late"]);
  });

  it("refuses to post what cannot be cloned, and a port by itself", () => {
    expect(
      run(`const { port1 } = new MessageChannel();
        return [[() => {}], [1, [port1]]].map((args) => { try { port1.postMessage(...args); } catch (e) { return e.name; } })`),
    ).toEqual(["DataCloneError", "DataCloneError"]);
  });

  it("is constructed while the app initialises, and used after", async () => {
    using own = await openGuest({
      app: `globalThis.channel = new MessageChannel(); channel.port1.onmessage = (e) => { globalThis.got = e.data; }; exports.default = { fetch() {} };`,
    });
    own.evaluate(`channel.port2.postMessage("hi"); 0`);
    own.enter(GuestEvent.TIMER, own.of(HostOp.TIMER_SET)[0]?.id ?? 0);
    expect(own.evaluate("got")).toBe("hi");
  });
});
