import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { type Guest, openGuest, openUnattached } from "./harness.ts";

let guest: Guest;
beforeAll(async () => {
  guest = await openGuest();
});
afterAll(() => guest[Symbol.dispose]());

/** What a body of statements returns. */
const run = (body: string): unknown => guest.evaluate(`(() => { ${body} })()`);

describe("Event", () => {
  it("has what its init says, and defaults", () => {
    expect(
      run(`const e = new Event("x", { bubbles: 1, cancelable: true, composed: true }), d = new Event("y");
        return [e.type, e.bubbles, e.cancelable, e.composed, d.bubbles, d.cancelable, d.composed, d.target, d.currentTarget,
          d.eventPhase, d.defaultPrevented, d.isTrusted, d.returnValue, d.cancelBubble, typeof d.timeStamp, d.composedPath().length]`),
    ).toEqual(["x", true, true, true, false, false, false, null, null, 0, false, false, true, false, "number", 0]);
  });

  it("has isTrusted as an own property that cannot be redefined, and the phases as constants", () => {
    expect(
      run(`const d = Object.getOwnPropertyDescriptor(new Event("x"), "isTrusted");
        return [d.configurable, d.enumerable, typeof d.get, d.set, Event.AT_TARGET, new Event("x").BUBBLING_PHASE]`),
    ).toEqual([false, true, "function", undefined, 2, 3]);
  });

  it("is prevented only where it is cancelable, and not by a passive listener", () => {
    expect(
      run(`const fire = (init, options) => {
          const target = new EventTarget();
          target.addEventListener("x", (e) => e.preventDefault(), options);
          const e = new Event("x", init);
          return target.dispatchEvent(e) + "" + e.defaultPrevented;
        };
        return [fire({ cancelable: true }), fire({}), fire({ cancelable: true }, { passive: true })]`),
    ).toEqual(["falsetrue", "truefalse", "truefalse"]);
  });

  it("can be initialised again, but not while it is dispatched", () => {
    expect(
      run(`const e = new CustomEvent("x", { detail: 1 }), target = new EventTarget();
        target.addEventListener("x", () => { e.initEvent("z"); e.initCustomEvent("z"); });
        target.dispatchEvent(e);
        const during = e.type;
        e.initCustomEvent("y", true, false, 2);
        return [during, e.type, e.detail, e.bubbles]`),
    ).toEqual(["x", "y", 2, true]);
  });
});

describe("EventTarget", () => {
  it("calls listeners in order, capturing ones first, each once", () => {
    expect(
      run(`const log = [], target = new EventTarget(), f = () => log.push("f");
        target.addEventListener("x", f); target.addEventListener("x", f);
        target.addEventListener("x", { handleEvent(e) { log.push(this === e.currentTarget ? "wrong" : "object"); } });
        target.addEventListener("x", () => log.push("capture"), true);
        target.addEventListener("x", function (e) { log.push(this === target, e.target === target, e.eventPhase, e.composedPath()[0] === target); });
        const e = new Event("x");
        target.dispatchEvent(e);
        return [...log, e.currentTarget, e.target === target, e.eventPhase]`),
    ).toEqual(["capture", "f", "object", true, true, 2, true, null, true, 0]);
  });

  it("removes a listener by type, callback and capture", () => {
    expect(
      run(`let count = 0; const target = new EventTarget(), f = () => count++;
        target.addEventListener("x", f, true); target.removeEventListener("x", f); target.dispatchEvent(new Event("x"));
        target.removeEventListener("x", f, { capture: true }); target.dispatchEvent(new Event("x"));
        return count`),
    ).toBe(1);
  });

  it("honours once, signal and stopImmediatePropagation, and what is added or removed meanwhile", () => {
    expect(
      run(`const log = [], target = new EventTarget(), controller = new AbortController();
        const removed = () => log.push("removed");
        target.addEventListener("x", () => { log.push("once"); target.removeEventListener("x", removed); target.addEventListener("x", () => log.push("late")); }, { once: true });
        target.addEventListener("x", removed);
        target.addEventListener("x", () => log.push("signal"), { signal: controller.signal });
        target.dispatchEvent(new Event("x"));
        controller.abort();
        target.dispatchEvent(new Event("x"));
        target.addEventListener("x", () => log.push("never"), { signal: controller.signal });
        target.addEventListener("x", (e) => { log.push("stop"); e.stopImmediatePropagation(); });
        target.addEventListener("x", () => log.push("never"));
        target.dispatchEvent(new Event("x"));
        return log`),
    ).toEqual(["once", "signal", "late", "late", "stop"]);
  });

  it("reports what a listener throws, and goes on", () => {
    expect(
      run(`let went = false; const target = new EventTarget();
        target.addEventListener("x", () => { throw new Error("from a listener"); });
        target.addEventListener("x", () => { went = true; });
        return [target.dispatchEvent(new Event("x")), went]`),
    ).toEqual([true, true]);
    expect(String(guest.of(HostOp.LOG).at(-1)?.args[1])).toContain("from a listener");
  });

  it("tells listeners of the global what is reported, and logs what they do not prevent", () => {
    const report = (throwable: string, listener: string) =>
      run(`const told = [], listen = (e) => { const { type, cancelable, isTrusted, message, filename, lineno, colno, error } = e;
          told.push(type, cancelable, isTrusted, message, typeof filename, lineno > 0, colno > 0, error); ${listener} };
        addEventListener("error", listen);
        try { reportError(${throwable}); } finally { removeEventListener("error", listen); }
        return told`);
    const logged = () => guest.of(HostOp.LOG).length;
    const before = logged();
    const told = (message: string, error: unknown) => ["error", true, true, message, "string", true, true, error];
    expect(report("1", "e.preventDefault();")).toEqual(told("Uncaught 1", 1));
    expect(report("undefined", "e.preventDefault();")).toEqual(told("Uncaught undefined", undefined));
    expect(report(`new TypeError("reported")`, "e.preventDefault();")).toEqual(
      told("Uncaught TypeError: reported", expect.any(Error)),
    );
    expect(logged()).toBe(before);
    report(`new TypeError("reported")`, "");
    expect(String(guest.of(HostOp.LOG).at(-1)?.args[1])).toMatch(/^Uncaught TypeError: reported\n/);
    expect(() => run("reportError()")).toThrow(/1 argument required/);
  });

  it("logs what a listener of errors throws, and does not tell it of that", () => {
    const texts = run(`let calls = 0; const listen = () => { calls++; throw new Error("from the listener"); };
      addEventListener("error", listen); reportError(new Error("first")); removeEventListener("error", listen); return calls`);
    expect(texts).toBe(1);
    const lines = guest.of(HostOp.LOG).map((call) => String(call.args[1]).split("\n")[0]);
    expect(lines.slice(-2)).toEqual(["Uncaught Error: from the listener", "Uncaught Error: first"]);
  });

  it("calls no getter of what is reported, and nothing that the app replaced", () => {
    expect(
      run(`const called = [], trap = (name) => ({ get() { called.push(name); return "x"; } });
        const plain = Object.defineProperties({}, { name: trap("name"), message: trap("message"), stack: trap("stack") });
        const { ErrorEvent, Error: E, String: S } = globalThis, { indexOf, slice } = S.prototype;
        const events = []; const listen = (e) => { events.push(e instanceof ErrorEvent, e.message); };
        addEventListener("error", listen);
        globalThis.ErrorEvent = globalThis.Error = undefined; S.prototype.indexOf = S.prototype.slice = () => "wrong";
        try { reportError(new E("kept")); reportError(plain); reportError(new Proxy({}, { getOwnPropertyDescriptor() { throw 1; } })); }
        finally { Object.assign(globalThis, { ErrorEvent, Error: E }); Object.assign(S.prototype, { indexOf, slice }); removeEventListener("error", listen); }
        return [called, events]`),
    ).toEqual([[], [true, "Uncaught Error: kept", true, "Uncaught #<Object>", true, "Uncaught #<Object>"]]);
  });

  it("refuses what is no event, and an event under way", () => {
    expect(
      run(`const target = new EventTarget(); const names = [];
        try { target.dispatchEvent({ type: "x" }); } catch (e) { names.push(e.name); }
        target.addEventListener("x", (e) => { try { target.dispatchEvent(e); } catch (e) { names.push(e.name); } });
        target.dispatchEvent(new Event("x"));
        try { target.addEventListener("x", 1); } catch (e) { names.push(e.name); }
        try { target.addEventListener("x", () => {}, { signal: {} }); } catch (e) { names.push(e.name); }
        return names`),
    ).toEqual(["TypeError", "InvalidStateError", "TypeError", "TypeError"]);
  });

  it("can be extended", () => {
    expect(
      run(`class Bus extends EventTarget { #n = 0; hit() { return ++this.#n; } }
        const bus = new Bus(); let seen; bus.addEventListener("x", (e) => { seen = e.currentTarget.hit(); });
        bus.dispatchEvent(new Event("x")); return [seen, bus instanceof EventTarget]`),
    ).toEqual([1, true]);
  });
});

describe("the other events", () => {
  it("carry what their init says", () => {
    expect(
      run(`const p = Promise.resolve(), m = new MessageEvent("m", { data: { a: 1 }, origin: "o", lastEventId: "7", ports: [] });
        const e = new ErrorEvent("e", { message: "msg", filename: "f", lineno: 2, colno: -1, error: 5 });
        const r = new PromiseRejectionEvent("r", { promise: p, reason: 6 });
        const c = new CloseEvent("c", { wasClean: true, code: 65537, reason: "bye" });
        return [m.data.a, m.origin, m.lastEventId, m.source, Object.isFrozen(m.ports), e.message, e.filename, e.lineno, e.colno, e.error,
          r.promise === p, r.reason, c.wasClean, c.code, c.reason, new CustomEvent("d").detail, new MessageEvent("x").data]`),
    ).toEqual([1, "o", "7", null, true, "msg", "f", 2, 4294967295, 5, true, 6, true, 1, "bye", null, null]);
  });

  it("need what they cannot be without", () => {
    expect(
      run(`return ["new Event()", "new PromiseRejectionEvent('x')", "new PromiseRejectionEvent('x', {})", "new CustomEvent('x', 1)", "new MessageEvent('x', { ports: 1 })"]
        .map((code) => { try { eval(code); } catch (e) { return e.name; } })`),
    ).toEqual(["TypeError", "TypeError", "TypeError", "TypeError", "TypeError"]);
  });
});

describe("DOMException", () => {
  it("is an error with a name, a code and a stack", () => {
    expect(
      run(`const e = new DOMException("m", "AbortError"), d = new DOMException();
        return [e.name, e.message, e.code, e instanceof Error, String(e), d.name, d.message, d.code, DOMException.ABORT_ERR, e.DATA_CLONE_ERR,
          Object.keys(e).length, Object.prototype.toString.call(e), e.stack.split("\\n")[0], Object.getPrototypeOf(DOMException) === Function.prototype]`),
    ).toEqual([
      "AbortError",
      "m",
      20,
      true,
      "AbortError: m",
      "Error",
      "",
      0,
      20,
      25,
      0,
      "[object DOMException]",
      "AbortError: m",
      true,
    ]);
  });

  it("has no code for a name without one", () => {
    expect(
      run(`return ["DOMStringSizeError", "NotAllowedError", "x"].map((name) => new DOMException("", name).code)`),
    ).toEqual([0, 0, 0]);
  });
});

describe("AbortController", () => {
  it("aborts its signal once, with its reason", () => {
    expect(
      run(`const c = new AbortController(), s = c.signal, log = [];
        s.onabort = (e) => log.push("on" + e.type + e.isTrusted + (e.target === s));
        s.addEventListener("abort", () => log.push("listener" + s.aborted));
        const before = s.aborted;
        c.abort("why"); c.abort("again");
        let thrown; try { s.throwIfAborted(); } catch (e) { thrown = e; }
        return [before, s.aborted, s.reason, thrown, log.join(), s === c.signal, typeof s.onabort]`),
    ).toEqual([false, true, "why", "why", "onaborttruetrue,listenertrue", true, "function"]);
  });

  it("gives an AbortError where no reason is given", () => {
    expect(
      run(`const c = new AbortController(); c.abort();
        return [c.signal.reason instanceof DOMException, c.signal.reason.name, AbortSignal.abort().reason.code, AbortSignal.abort(null).reason]`),
    ).toEqual([true, "AbortError", 20, null]);
  });

  it("works while the app initialises", async () => {
    using unattached = await openUnattached({
      app: `const c = new AbortController(); globalThis.c = c; globalThis.any = AbortSignal.any([c.signal]);
        any.addEventListener("abort", () => { globalThis.fired = true; }); exports.default = { fetch() {} };`,
    });
    expect(unattached.evaluate(`c.abort(1); [fired, any.reason]`)).toEqual([true, 1]);
  });
});

describe("AbortSignal", () => {
  it("cannot be constructed", () => {
    expect(run(`try { new AbortSignal(); } catch (e) { return e.name + e.message; }`)).toBe(
      "TypeErrorIllegal constructor",
    );
  });

  it("follows any of its sources, sources of sources too, with the reason set before anything runs", () => {
    expect(
      run(`const a = new AbortController(), b = new AbortController();
        const first = AbortSignal.any([a.signal, b.signal]), second = AbortSignal.any([first]);
        const log = [];
        b.signal.addEventListener("abort", () => log.push("source", second.aborted));
        first.addEventListener("abort", () => log.push("first")); second.addEventListener("abort", () => log.push("second"));
        b.abort(3); a.abort(4);
        return [...log, first.reason, second.reason, AbortSignal.any([]).aborted, AbortSignal.any([a.signal]).reason]`),
    ).toEqual(["source", true, "first", "second", 3, 3, false, 4]);
  });

  it("refuses what is no list of signals", () => {
    expect(
      run(
        `return ["[{}]", "1", ""].map((list) => { try { eval("AbortSignal.any(" + list + ")"); } catch (e) { return e.name; } })`,
      ),
    ).toEqual(["TypeError", "TypeError", "TypeError"]);
  });

  it("aborts by a timer of the host, with a TimeoutError", () => {
    guest.evaluate(`globalThis.signal = AbortSignal.timeout(20); 0`);
    const timer = guest.of(HostOp.TIMER_SET).at(-1);
    expect(timer?.args[0]).toBe(20);
    expect(guest.evaluate(`signal.aborted`)).toBe(false);
    guest.enter(GuestEvent.TIMER, timer?.id ?? 0);
    expect(guest.evaluate(`[signal.aborted, signal.reason.name, signal.reason.code]`)).toEqual([
      true,
      "TimeoutError",
      23,
    ]);
    expect(
      run(`return [-1, NaN, Infinity].map((ms) => { try { AbortSignal.timeout(ms); } catch (e) { return e.name; } })`),
    ).toEqual(["TypeError", "TypeError", "TypeError"]);
  });
});
