import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packUrlRecord, parseUrlRecord } from "../src/leaf/url-record.ts";
import { type Guest, openGuest, openUnattached } from "./harness.ts";

let guest: Guest;
beforeAll(async () => {
  guest = await openGuest();
});
afterAll(() => guest[Symbol.dispose]());

const scan = {
  indexOf: (text: string, searched: string, from: number) => text.indexOf(searched, from),
  charCodeAt: (text: string, index: number) => text.charCodeAt(index),
};

/** One of each shape that the serialiser writes. */
const HREFS = [
  "http://a.test/",
  "https://user:pass@a.test:8443/p/q?x=1#f",
  "http://user@a.test/",
  "http://:pass@a.test/",
  "http://[::1]:80/",
  "http://[2001:db8::1]:8080/x",
  "http://[2001:db8::1]/x",
  "file:///etc/x",
  "foo://",
  "foo://h",
  "foo://h:1?q",
  "foo:/.//p",
  "web+demo:/.//not-a-host/",
  "foo:/p",
  "mailto:a@b.test",
  "data:text/plain,a//b?c#d",
  "http://a.test/?",
  "http://a.test/#",
  "http://a.test/?#",
  "http://a.test/a:b@c/d",
  "http://a.test/#a?b:c@d",
  "blob:https://a.test:1/x",
];

describe("the URL record", () => {
  it("holds every member of a URL", () => {
    for (const href of HREFS) {
      const url = new URL(href);
      const record = parseUrlRecord(packUrlRecord(url), scan);
      const slice = (start: number, end: number): string => url.href.slice(start, end);
      expect({
        protocol: slice(0, record.protocolEnd),
        username: slice(record.usernameStart, record.usernameEnd),
        password: slice(record.usernameEnd + 1, record.userinfoEnd),
        hostname: slice(record.hostStart, record.hostnameEnd),
        port: slice(record.hostnameEnd + 1, record.hostEnd),
        pathname: slice(record.pathnameStart, record.pathnameEnd),
      }).toEqual({
        protocol: url.protocol,
        username: url.username,
        password: url.password,
        hostname: url.hostname,
        port: url.port,
        pathname: url.pathname,
      });
    }
  });
});

describe("URL", () => {
  it("has the members of the host's parser", () => {
    const members = "href origin protocol username password host hostname port pathname search hash".split(" ");
    for (const href of HREFS) {
      const expected = Object.fromEntries(members.map((member) => [member, Reflect.get(new URL(href), member)]));
      expect(
        guest.evaluate(
          `(() => { const url = new URL(${JSON.stringify(href)}); return Object.fromEntries(${JSON.stringify(members)}.map((m) => [m, url[m]])); })()`,
        ),
      ).toEqual(expected);
    }
  });

  it("resolves against a base", () => {
    expect(guest.evaluate(`new URL("../x?y", "http://a.test/b/c/d").href`)).toBe("http://a.test/b/x?y");
  });

  it("throws a TypeError for what does not parse, where parse and canParse answer", () => {
    expect(
      guest.evaluate(
        `(() => { try { new URL("/x"); } catch (e) { return [e.constructor === TypeError, e.message]; } })()`,
      ),
    ).toEqual([true, "Invalid URL: /x"]);
    expect(
      guest.evaluate(
        `[URL.parse("/x"), URL.canParse("/x"), URL.canParse("/x", "http://a"), URL.parse("y", "http://a/").href]`,
      ),
    ).toEqual([null, false, true, "http://a/y"]);
  });

  it("reads lone surrogates as U+FFFD", () => {
    expect(guest.evaluate(`new URL("http://a/\\ud800").pathname`)).toBe("/%EF%BF%BD");
  });

  it("sets each member as the standard says", () => {
    expect(
      guest.evaluate(`(() => {
        const url = new URL("http://a.test/p?q#h");
        url.protocol = "https"; url.username = "u"; url.password = "p@"; url.host = "b.test:81"; url.hostname = "c.test";
        url.port = "82"; url.pathname = "x y"; url.search = "a=1"; url.hash = "z";
        return url.href;
      })()`),
    ).toBe("https://u:p%40@c.test:82/x%20y?a=1#z");
  });

  it("keeps what it was when a member cannot be set, and throws for href alone", () => {
    expect(
      guest.evaluate(`(() => {
        const url = new URL("http://a.test/");
        url.port = "x"; url.host = ""; url.protocol = "1";
        let threw = false;
        try { url.href = "nonsense"; } catch (e) { threw = e instanceof TypeError; }
        return [url.href, threw, String(url), JSON.stringify(url)];
      })()`),
    ).toEqual(["http://a.test/", true, "http://a.test/", '"http://a.test/"']);
  });

  it("has one live searchParams, which follows search and is followed by it", () => {
    expect(
      guest.evaluate(`(() => {
        const url = new URL("http://a.test/p?a=1#h");
        const params = url.searchParams;
        params.append("b", "ü &");
        const appended = url.href;
        url.search = "?c=3";
        const replaced = params.get("c") + params.size;
        url.href = "http://b.test/?d=4";
        const again = params.get("d");
        params.delete("d");
        return [appended, replaced, again, url.href, url.search, params === url.searchParams];
      })()`),
    ).toEqual(["http://a.test/p?a=1&b=%C3%BC+%26#h", "31", "4", "http://b.test/", "", true]);
  });

  it("says at init what is missing", async () => {
    using unattached = await openUnattached({
      app: `try { new URL("http://a"); } catch (e) { globalThis.message = e.message; } exports.default = { fetch() {} };`,
    });
    expect(unattached.evaluate("message")).toMatch(/URL is not available while the app initialises/);
  });
});

describe("URLSearchParams", () => {
  const cases: readonly (readonly [init: string, expected: string])[] = [
    [`"?a=1&b=2"`, "a=1&b=2"],
    [`"??a"`, "%3Fa="],
    [`"a&&b=&=c"`, "a=&b=&=c"],
    [`"a=b=c"`, "a=b%3Dc"],
    [`"a+b=%2B%20%zz%e2%82%ac"`, "a+b=%2B+%25zz%E2%82%AC"],
    [`"%ff=%f0%9f%92%a9"`, "%EF%BF%BD=%F0%9F%92%A9"],
    [`"\\ud83d=1"`, "%EF%BF%BD=1"],
    [`[["a", 1], new Set(["b", "2"])]`, "a=1&b=2"],
    [`{ b: 1, a: 2 }`, "b=1&a=2"],
    [`new URLSearchParams("x=1&x=2")`, "x=1&x=2"],
    [`new Map([["m", "1"]])`, "m=1"],
    [`null`, "null="],
    [`undefined`, ""],
    [`"*-._~!'()"`, "*-._%7E%21%27%28%29="],
    [`"\\ufeffa=\\u0000"`, "%EF%BB%BFa=%00"],
  ];
  it("is made of text, pairs and records", () => {
    for (const [init, expected] of cases) {
      expect(guest.evaluate(`String(new URLSearchParams(${init}))`), init).toBe(expected);
    }
  });

  it("refuses pairs that are none", () => {
    for (const init of [`[["a"]]`, `[["a", "b", "c"]]`, `[1]`, `Symbol()`]) {
      expect(
        guest.evaluate(
          `(() => { try { new URLSearchParams(${init}); } catch (e) { return e instanceof TypeError; } })()`,
        ),
      ).toBe(true);
    }
  });

  it("reads and changes by name, and by name and value", () => {
    expect(
      guest.evaluate(`(() => {
        const p = new URLSearchParams("a=1&b=2&a=3&c=4");
        const read = [p.get("a"), p.get("x"), p.getAll("a").join(), p.has("a", "3"), p.has("a", "9"), p.size];
        p.set("a", "z"); p.delete("c", "9"); p.append("b", "5"); p.delete("b", "2"); p.set("n", "new");
        return [...read, p.toString()];
      })()`),
    ).toEqual(["1", null, "1,3", true, false, 4, "a=z&c=4&b=5&n=new"]);
  });

  it("sorts by UTF-16 code units and keeps the order of equals", () => {
    expect(
      guest.evaluate(
        `(() => { const p = new URLSearchParams("\\uffff=1&z=2&\\ud83c\\udf08=3&a=4&z=1"); p.sort(); return [...p.keys()].map((k) => k.codePointAt(0).toString(16)).join() + p.getAll("z"); })()`,
      ),
    ).toBe("61,7a,7a,1f308,ffff2,1");
  });

  it("iterates live, with the prototype chain of Web IDL", () => {
    expect(
      guest.evaluate(`(() => {
        const p = new URLSearchParams("a=1&b=2");
        const seen = [];
        for (const [k, v] of p) { seen.push(k + v); if (k === "a") p.append("c", "3"); }
        p.forEach(function (value, key, self) { seen.push(key + value + (self === p) + this.x); }, { x: 9 });
        const iterator = p.entries();
        const prototype = Object.getPrototypeOf(iterator);
        return [seen.join(), p[Symbol.iterator] === p.entries, Object.prototype.toString.call(iterator),
          Object.getPrototypeOf(prototype) === Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())),
          Object.keys(prototype).join(), [...p.values()].join()];
      })()`),
    ).toEqual(["a1,b2,c3,a1true9,b2true9,c3true9", true, "[object URLSearchParams Iterator]", true, "next", "1,2,3"]);
  });

  it("counts its arguments", () => {
    expect(
      guest.evaluate(`["append", "delete", "get", "getAll", "has", "set", "forEach"].filter((name) => {
        try { new URLSearchParams()[name](); return true; } catch (e) { return !(e instanceof TypeError); }
      })`),
    ).toEqual([]);
  });

  it("works while the app initialises", async () => {
    using unattached = await openUnattached({
      app: `globalThis.text = String(new URLSearchParams({ q: "ä" })); exports.default = { fetch() {} };`,
    });
    expect(unattached.evaluate("text")).toBe("q=%C3%A4");
  });
});
