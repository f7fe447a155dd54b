/** The web-api's globals for text, data, addresses, forms and messages over HTTP. */
import type { InitCases } from "../init-case.ts";

export const textAndDataCases: InitCases = {
  subject: "data of the Web API",
  cases: [
    {
      name: "a URL",
      top: `const url = new URL("../x?q=ü&q=2#h", "http://a.test:80/b/c"); url.port = "8080"; const can = URL.canParse("no url");`,
      answer: `[url.href, url.searchParams.getAll("q"), String(new URL("y", url)), can]`,
      expected: ["http://a.test:8080/x?q=%C3%BC&q=2#h", ["ü", "2"], "http://a.test:8080/y", false],
    },
    {
      name: "URLSearchParams, and an iterator of them in flight",
      top: `const params = new URLSearchParams({ b: "1", a: "2" }); params.sort(); const entries = params.entries(); entries.next();`,
      answer: `[params.toString(), params.has("a"), [...params.keys()]]`,
      expected: ["a=2&b=1", true, ["a", "b"]],
    },
    {
      name: "URLPattern, compiled and used",
      top: `const pattern = new URLPattern({ pathname: "/books/:id(\\\\d+)" }, { ignoreCase: true }); const seen = pattern.test("http://a.test/books/x");`,
      answer: `[seen, pattern.exec("http://a.test/BOOKS/12").pathname.groups.id, pattern.pathname, pattern.hasRegExpGroups]`,
      expected: [false, "12", "/books/:id(\\d+)", true],
    },
    {
      name: "TextEncoder and TextDecoder",
      top: `const encoder = new TextEncoder(); const bytes = encoder.encode("grüße"); const decoder = new TextDecoder("utf-8", { fatal: true });
        const fromHost = new TextDecoder("shift_jis").decode(Uint8Array.of(0x82, 0xa0));`,
      answer: `[bytes.length, decoder.decode(bytes), fromHost, encoder.encodeInto("ab", new Uint8Array(1)).read]`,
      expected: [7, "grüße", "あ", 1],
    },
    {
      name: "a TextDecoder between two chunks",
      top: `const decoder = new TextDecoder(); const first = decoder.decode(Uint8Array.of(0xe2, 0x82), { stream: true });`,
      answer: `[first, decoder.decode(Uint8Array.of(0xac), { stream: true })]`,
      expected: ["", "€"],
      // The second request of one context finds the decoder after the first one's chunk.
      expectedAgain: ["", "\u{fffd}"],
    },
    {
      name: "atob and btoa",
      top: `const text = atob(btoa("sliver")); let refused; try { atob("*"); } catch (error) { refused = error.name; }`,
      answer: `[text, refused, btoa(text)]`,
      expected: ["sliver", "InvalidCharacterError", "c2xpdmVy"],
    },
    {
      name: "structuredClone of a graph with a circle",
      top: `const a = { when: new Date(5), map: new Map([[1, /x/gi]]), bytes: new Uint8Array([1, 2]) }; a.self = a; const copy = structuredClone(a);
        const moved = new ArrayBuffer(8); const taken = structuredClone(moved, { transfer: [moved] });`,
      answer: `[copy.self === copy, copy !== a, copy.when.getTime(), copy.map.get(1).flags, [...copy.bytes], moved.byteLength, taken.byteLength]`,
      expected: [true, true, 5, "gi", [1, 2], 0, 8],
    },
    {
      name: "Headers",
      top: `const headers = new Headers([["x-a", "1"], ["X-A", "2"]]); headers.append("set-cookie", "a=1"); headers.append("set-cookie", "b=2"); headers.delete("none");`,
      answer: `[[...headers], headers.getSetCookie().length]`,
      expected: [
        [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
          ["x-a", "1, 2"],
        ],
        2,
      ],
    },
    {
      name: "a Request",
      top: `const made = new Request("http://a.test/", { method: "POST", body: "x=1", headers: { "content-type": "text/plain" } }); const copy = made.clone();`,
      answer: `[made.method, made.url, await copy.clone().text(), new Request(made, { method: "PUT", body: "y" }).method]`,
      expected: ["POST", "http://a.test/", "x=1", "PUT"],
    },
    {
      name: "a Response, cloned by each request",
      top: `const page = new Response("<p>", { status: 203, headers: { "content-type": "text/html" } }); const json = Response.json({ a: 1 }); const bad = Response.error();`,
      answer: `[await page.clone().text(), page.status, await json.clone().json(), bad.type, Response.redirect("http://a.test/").status]`,
      expected: ["<p>", 203, { a: 1 }, "error", 302],
    },
    {
      name: "a body that was read at the top level",
      top: `const text = await new Response(new Blob(["a", "b"])).text(); const bytes = await new Request("http://a.test", { method: "POST", body: Uint8Array.of(7) }).arrayBuffer();`,
      answer: `[text, bytes.byteLength]`,
      expected: ["ab", 1],
    },
    {
      name: "Blob and File",
      top: `const blob = new Blob(["ab", Uint8Array.of(99)], { type: "text/plain" }); const file = new File([blob], "a.txt", { lastModified: 5 });`,
      answer: `[await blob.text(), await file.slice(1, 2).text(), file.name, file.lastModified, file instanceof Blob]`,
      expected: ["abc", "b", "a.txt", 5, true],
    },
    {
      name: "FormData",
      top: `const form = new FormData(); form.append("a", "1"); form.append("f", new Blob(["x"]), "f.txt"); const type = new Response(form).headers.get("content-type").slice(0, 30);`,
      answer: `[form.get("a"), form.get("f").name, await new Response(form).text().then((t) => t.includes("f.txt")), type]`,
      expected: ["1", "f.txt", true, "multipart/form-data; boundary="],
    },
    {
      name: "DOMException",
      top: `const refused = new DOMException("gone", "AbortError"); let caught; try { structuredClone(() => 1); } catch (error) { caught = error; }`,
      answer: `[refused.name, refused.code, refused instanceof Error, caught.name, caught instanceof DOMException, DOMException.ABORT_ERR]`,
      expected: ["AbortError", 20, true, "DataCloneError", true, 20],
    },
    {
      name: "console in all its forms",
      top: `console.log("%s is %d", "answer", 42, { a: [1] }); console.warn(new Map([[1, 2]])); console.info(globalThis.none); console.debug(Symbol("s")); console.error(new TypeError("told"));`,
      logs: [/answer is 42 \{ a: \[ 1 \] \}/, /Map\(1\)/, /TypeError: told/],
      errors: [/TypeError: told/],
    },
    {
      name: "performance and navigator",
      top: `const agent = navigator.userAgent; const started = performance.now();`,
      answer: `[agent, typeof started, performance.now() >= 0, typeof performance.timeOrigin]`,
      expected: ["NANO", "number", true, "number"],
      logs: [/main\.js:1:\d+: performance\.now\(\) at the top level/],
    },
    {
      name: "self, and what is on it",
      top: `self.shared = 7; const same = self === globalThis; const names = Object.keys(globalThis).filter((name) => name.includes("nano"));`,
      answer: `[same, shared, names, "shared" in globalThis]`,
      expected: [true, 7, [], true],
    },
  ],
};
