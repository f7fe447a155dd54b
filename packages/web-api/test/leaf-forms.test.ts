import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GuestEvent, HostOp } from "../src/boundary.ts";
import { type Guest, openGuest, openUnattached } from "./harness.ts";

let guest: Guest;
beforeAll(async () => {
  guest = await openGuest();
});
afterAll(() => guest[Symbol.dispose]());

const run = (body: string): unknown => guest.evaluate(`(() => { ${body} })()`);

/** What an async body of statements returns; it may wait for nothing but promises. */
function runAsync(body: string): unknown {
  guest.evaluate(`globalThis.settled = undefined;
    (async () => { ${body} })().then((value) => { settled = { value }; }, (e) => { settled = { threw: e.name, message: e.message }; }); 0`);
  return guest.evaluate(`settled`);
}

describe("Blob", () => {
  it("joins its parts as bytes", () => {
    expect(
      runAsync(`const bytes = Uint8Array.of(66, 67, 68);
        const blob = new Blob(["ä", bytes, new DataView(bytes.buffer, 1, 1), bytes.buffer, new Blob(["x"]), 5, null, "\\ud800"], { type: "Text/Plain" });
        bytes[0] = 0;
        return [blob.size, blob.type, await blob.text(), (await blob.arrayBuffer()).byteLength, (await blob.bytes()).length]`),
    ).toEqual({ value: [18, "text/plain", "äBCDCBCDx5null\ufffd", 18, 18] });
  });

  it("is empty by default, and drops a type that is not ASCII", () => {
    expect(run(`return [new Blob().size, new Blob().type, new Blob([], { type: "ä" }).type]`)).toEqual([0, "", ""]);
  });

  it("converts line endings only where it is told to", () => {
    expect(
      runAsync(
        `return [await new Blob(["a\\r\\nb\\rc\\n"], { endings: "native" }).text(), await new Blob(["\\r\\n"]).text()]`,
      ),
    ).toEqual({ value: ["a\nb\nc\n", "\r\n"] });
    expect(run(`try { new Blob([], { endings: "x" }); } catch (e) { return e.name; }`)).toBe("TypeError");
  });

  it("slices like an array, and slices of slices", () => {
    expect(
      runAsync(`const b = new Blob(["0123456789"], { type: "a/b" });
        const text = (blob) => blob.text();
        return [await text(b.slice(2, 5)), await text(b.slice(-3)), await text(b.slice(-3, -1)), b.slice(5, 2).size, await text(b.slice(2, 8).slice(1, 3)),
          b.slice(0, 1).type, b.slice(0, 1, "C/D").type, b.slice(NaN, Infinity).size]`),
    ).toEqual({ value: ["234", "789", "78", 0, "34", "", "c/d", 10] });
  });

  it("streams its bytes", () => {
    expect(
      runAsync(`const reader = new Blob(["abc"]).stream().getReader();
        const first = await reader.read(); const last = await reader.read();
        return [new TextDecoder().decode(first.value), last.done]`),
    ).toEqual({ value: ["abc", true] });
  });

  it("refuses parts that are no list", () => {
    expect(
      run(
        `return ["null", "'a'", "5", "{}"].map((parts) => { try { eval("new Blob(" + parts + ")"); } catch (e) { return e.name; } })`,
      ),
    ).toEqual(["TypeError", "TypeError", "TypeError", "TypeError"]);
  });

  it("works while the app initialises", async () => {
    using unattached = await openUnattached({
      app: `globalThis.blob = new Blob(["ä"]); exports.default = { fetch() {} };`,
    });
    expect(unattached.evaluate("blob.size")).toBe(2);
  });
});

describe("File", () => {
  it("is a Blob with a name and a time", () => {
    expect(
      run(`const f = new File(["abc"], "n\\ud800", { type: "a/b", lastModified: 5.7 });
        return [f instanceof Blob, f.name, f.lastModified, f.size, f.type, Math.abs(new File([], "x").lastModified - Date.now()) < 10000, f.slice(0, 1) instanceof File]`),
    ).toEqual([true, "n\ufffd", 5, 3, "a/b", true, false]);
  });

  it("needs parts and a name", () => {
    expect(
      run(`return ["", "[]"].map((args) => { try { eval("new File(" + args + ")"); } catch (e) { return e.name; } })`),
    ).toEqual(["TypeError", "TypeError"]);
  });
});

describe("FormData", () => {
  it("keeps its entries in order, by name", () => {
    expect(
      run(`const f = new FormData(); f.append("a", 1); f.append("b", "2"); f.append("a", "3"); f.append("c", "4");
        const read = [f.get("a"), f.get("x"), f.getAll("a").join(), f.has("b")];
        f.set("a", "z"); f.set("n", "new"); f.delete("c");
        return [...read, [...f].map(([k, v]) => k + v).join(), [...f.keys()].join(), f.has("c"), f[Symbol.iterator] === f.entries]`),
    ).toEqual(["1", null, "1,3", true, "az,b2,nnew", "a,b,n", false, true]);
  });

  it("keeps blobs as files", () => {
    expect(
      run(`const f = new FormData(), file = new File(["x"], "mine", { lastModified: 3 });
        f.append("a", new Blob(["y"], { type: "t/t" })); f.append("b", file); f.append("c", file, "other"); f.append("d", new Blob(), "named");
        return [f.get("a") instanceof File, f.get("a").name, f.get("a").type, f.get("b") === file, f.get("c").name, f.get("c").lastModified, f.get("d").name]`),
    ).toEqual([true, "blob", "t/t", true, "other", 3, "named"]);
  });

  it("refuses a file name for a text, too few arguments, and a form", () => {
    expect(
      run(`return ["f.append('a', 'b', 'c')", "f.append('a')", "f.set('a', {}, undefined)", "new FormData({})", "f.get()"]
        .map((code) => { try { eval("const f = new FormData();" + code); } catch (e) { return e.name; } })`),
    ).toEqual(["TypeError", "TypeError", "TypeError", "TypeError", "TypeError"]);
  });
});

describe("form data as a body", () => {
  it("arrives as it was sent", () => {
    expect(
      runAsync(`const form = new FormData();
        form.append('na"me\\n', "line\\nline"); form.append("ü", "€");
        form.append("file", new File([Uint8Array.of(0, 13, 10, 45, 45, 255)], 'f"i\\r\\nle', { type: "a/b" })); form.append("empty", new Blob());
        const response = new Response(form);
        const type = response.headers.get("content-type");
        const parsed = await response.formData();
        const file = parsed.get("file");
        return [/^multipart\\/form-data; boundary=\\S+$/.test(type), parsed.get('na"me\\r\\n'), parsed.get("ü"), (await file.bytes()).join(), file.name, file.type,
          parsed.get("empty").type, parsed.get("empty").size, [...parsed.keys()].length]`),
    ).toEqual({
      value: [true, "line\r\nline", "€", "0,13,10,45,45,255", 'f"i\r\nle', "a/b", "application/octet-stream", 0, 4],
    });
  });

  const parse = (body: string, contentType: string): unknown =>
    runAsync(`const form = await new Response(${JSON.stringify(body)}, { headers: { "content-type": ${JSON.stringify(contentType)} } }).formData();
      return [...form].map(([name, value]) => name + "=" + (typeof value === "string" ? value : "file:" + value.name + ":" + value.type)).join("|")`);

  it("is parsed from what other senders write", () => {
    const body = [
      "preamble",
      "--B",
      'content-disposition: form-data; name="a"',
      "",
      "1",
      "--B",
      "Content-Disposition: form-data; name=b; filename=f.txt",
      "",
      "x",
      "--B  ",
      'Content-Type: text/css\r\nX-Other: y\r\nContent-Disposition: form-data; filename="C:\\dir\\f"; name="c"',
      "",
      "--B not at a line's start: --B",
      "--B--",
      "epilogue",
    ].join("\r\n");
    for (const type of ['multipart/form-data; charset=x; boundary="B"', "Multipart/Form-Data;BOUNDARY=B"]) {
      expect(parse(body, type)).toEqual({ value: "a=1|b=file:f.txt:text/plain|c=file:C:\\dir\\f:text/css" });
    }
  });

  it("is parsed from urlencoded text", () => {
    expect(parse("a=1&b=%C3%A4+x&a=", "application/x-www-form-urlencoded;charset=UTF-8")).toEqual({
      value: "a=1|b=ä x|a=",
    });
  });

  it("rejects by a TypeError what is malformed or of another type", () => {
    const part = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1';
    for (const [body, type] of [
      ["a=1", "text/plain"],
      ["a", "multipart/form-data"],
      ["", "multipart/form-data; boundary=B"],
      [part, "multipart/form-data; boundary=B"],
      [`${part}\r\n--C--`, "multipart/form-data; boundary=B"],
      ["--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--", "multipart/form-data; boundary=B"],
      ["--B\r\nno colon\r\n\r\n1\r\n--B--", "multipart/form-data; boundary=B"],
      ["--Bx", "multipart/form-data; boundary=B"],
    ] as const) {
      expect(parse(body, type), body).toMatchObject({ threw: "TypeError" });
    }
    expect(parse("--B--\r\n", "multipart/form-data; boundary=B")).toEqual({ value: "" });
  });
});

describe("crypto", () => {
  it("fills integer arrays with random values, by the bytes of their part of the buffer", () => {
    expect(
      run(`const buffer = new ArrayBuffer(64), view = new Uint32Array(buffer, 16, 8);
        const answer = crypto.getRandomValues(view), bytes = new Uint8Array(buffer);
        return [answer === view, bytes.subarray(0, 16).every((b) => b === 0), bytes.subarray(16, 48).some((b) => b !== 0), bytes.subarray(48).every((b) => b === 0),
          crypto.getRandomValues(new Uint8Array(0)).length, crypto.getRandomValues(new Uint8Array(65536)).length, crypto.getRandomValues(new BigUint64Array(1)).length]`),
    ).toEqual([true, true, true, true, 0, 65536, 1]);
  });

  it("refuses other arrays and more than its quota", () => {
    expect(
      run(`return ["new Float64Array(1)", "new DataView(new ArrayBuffer(1))", "new Uint8Array(65537)", "[]", ""].map((code) => {
        try { eval("crypto.getRandomValues(" + code + ")"); } catch (e) { return e.name; } })`),
    ).toEqual(["TypeMismatchError", "TypeMismatchError", "QuotaExceededError", "TypeError", "TypeError"]);
  });

  it("makes UUIDs of version 4", () => {
    expect(String(run(`return crypto.randomUUID()`))).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it("digests a copy of what it is given", () => {
    expect(
      runAsync(`const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
        const data = new TextEncoder().encode("xabcx").subarray(1, 4);
        return [hex(await crypto.subtle.digest("SHA-1", data)), hex(await crypto.subtle.digest({ name: "sha-256" }, new DataView(data.buffer, 1, 3))).slice(0, 8),
          (await crypto.subtle.digest("SHA-384", data)).byteLength, (await crypto.subtle.digest("SHA-512", new ArrayBuffer(0))).byteLength, crypto.subtle === crypto.subtle]`),
    ).toEqual({ value: ["a9993e364706816aba3e25717850c26c9cd0d89d", "ba7816bf", 48, 64, true] });
  });

  it("rejects unknown algorithms and what is no data", () => {
    expect(
      runAsync(`const names = [];
        for (const args of [["MD5", new Uint8Array()], [{}, new Uint8Array()], ["SHA-1", "text"], ["SHA-1"]]) {
          const promise = crypto.subtle.digest(...args);
          names.push(await promise.catch((e) => e.name));
        }
        return names`),
    ).toEqual({ value: ["NotSupportedError", "TypeError", "TypeError", "TypeError"] });
  });

  it("waits for a digest that the host makes off its thread", async () => {
    using slow = await openGuest({ answers: (code) => (code === HostOp.DIGEST ? null : undefined) });
    slow.evaluate(
      `globalThis.log = []; for (const i of [0, 1]) crypto.subtle.digest("SHA-256", new Uint8Array(1)).then((d) => log.push(d.byteLength), (e) => log.push(e.name)); 0`,
    );
    const [first, second] = slow.of(HostOp.DIGEST);
    slow.enter(GuestEvent.CRYPTO, second?.id ?? 0, "!OperationError it failed");
    slow.enter(GuestEvent.CRYPTO, first?.id ?? 0, new ArrayBuffer(32));
    slow.enter(GuestEvent.CRYPTO, 99, new ArrayBuffer(32));
    expect(slow.evaluate("log")).toEqual(["OperationError", 32]);
  });

  it("cannot be constructed", () => {
    expect(
      run(`return [Crypto, SubtleCrypto].map((C) => { try { new C(); } catch (e) { return e.message; } })`),
    ).toEqual(["Illegal constructor", "Illegal constructor"]);
  });
});
