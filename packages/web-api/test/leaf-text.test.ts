import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostOp, LEGACY_TEXT_BYTES } from "../src/boundary.ts";
import { type Guest, openGuest, openUnattached } from "./harness.ts";

let guest: Guest;
let unattached: Guest;
beforeAll(async () => {
  guest = await openGuest();
  unattached = await openUnattached();
});
afterAll(() => {
  guest[Symbol.dispose]();
  unattached[Symbol.dispose]();
});

const SAMPLES = [
  "",
  "abc",
  "ä€𝒳",
  "\ud800",
  "\udc00a",
  "a\ud83d",
  "\ufeffx",
  "x".repeat(5000),
  "ä€𝒳\ud800".repeat(3000),
];

describe("TextEncoder", () => {
  it("encodes as the standard says, with the host and without", () => {
    for (const text of SAMPLES) {
      const expected = [...new TextEncoder().encode(text)].join();
      const code = `new TextEncoder().encode(${JSON.stringify(text)}).join()`;
      expect(guest.evaluate(code)).toBe(expected);
      expect(unattached.evaluate(code)).toBe(expected);
    }
  });

  it("leaves large texts to the host and small ones not", () => {
    const before = guest.of(HostOp.TEXT_ENCODE).length;
    guest.evaluate(`new TextEncoder().encode("small").length`);
    expect(guest.of(HostOp.TEXT_ENCODE).length).toBe(before);
    guest.evaluate(`new TextEncoder().encode("x".repeat(100000)).length`);
    expect(guest.of(HostOp.TEXT_ENCODE).length).toBe(before + 1);
  });

  it("encodes whole characters into what room there is", () => {
    expect(
      guest.evaluate(`["a€b", "𝒳a", "ab", "\\ud800"].map((text) => {
        const bytes = new Uint8Array(3);
        const { read, written } = new TextEncoder().encodeInto(text, bytes);
        return [read, written, bytes.join()];
      })`),
    ).toEqual([
      [1, 1, "97,0,0"],
      [0, 0, "0,0,0"],
      [2, 2, "97,98,0"],
      [1, 3, "239,191,189"],
    ]);
  });

  it("encodes into a Uint8Array only", () => {
    expect(
      guest.evaluate(`[new Uint16Array(2), new DataView(new ArrayBuffer(2)), [], null].filter((target) => {
        try { new TextEncoder().encodeInto("a", target); return true; } catch (e) { return !(e instanceof TypeError); }
      }).length`),
    ).toBe(0);
  });

  it("encodes nothing by default, and names its encoding", () => {
    expect(guest.evaluate(`[new TextEncoder().encode().length, new TextEncoder().encoding]`)).toEqual([0, "utf-8"]);
  });
});

const MALFORMED = [
  [0x80],
  [0xc0, 0xaf],
  [0xe2, 0x82],
  [0xe2, 0x82, 0x41],
  [0xf0, 0x90, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0x41, 0xf0, 0x9f, 0x92, 0x41, 0xff],
];

describe("TextDecoder", () => {
  it("decodes UTF-8 as the host does, with the host and without", () => {
    for (const text of SAMPLES) {
      const bytes = new TextEncoder().encode(text);
      const code = `new TextDecoder().decode(new Uint8Array(${JSON.stringify([...bytes])}))`;
      expect(guest.evaluate(code)).toBe(new TextDecoder().decode(bytes));
      expect(unattached.evaluate(code)).toBe(new TextDecoder().decode(bytes));
    }
  });

  it("replaces malformed bytes as the standard says, or throws where it is fatal", () => {
    for (const bytes of MALFORMED) {
      const array = `new Uint8Array(${JSON.stringify(bytes)})`;
      expect(guest.evaluate(`new TextDecoder().decode(${array})`)).toBe(
        new TextDecoder().decode(Uint8Array.from(bytes)),
      );
      expect(
        guest.evaluate(
          `(() => { try { new TextDecoder("utf-8", { fatal: true }).decode(${array}); } catch (e) { return e instanceof TypeError; } })()`,
        ),
      ).toBe(true);
    }
  });

  it("throws for malformed bytes of a large input too, where it is fatal", () => {
    expect(
      guest.evaluate(
        `(() => { try { new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(100000).fill(255)); } catch (e) { return e instanceof TypeError; } })()`,
      ),
    ).toBe(true);
  });

  it("decodes a text in chunks as if it were whole", () => {
    for (const encoding of ["utf-8", "utf-16le", "utf-16be"]) {
      const text = "\ufeffaä€𝒳b\ufeff";
      const bytes =
        encoding === "utf-8"
          ? [...new TextEncoder().encode(text)]
          : [...text].flatMap((c) =>
              Array.from({ length: c.length }, (_, i) => {
                const unit = c.charCodeAt(i);
                return encoding === "utf-16le" ? [unit & 255, unit >> 8] : [unit >> 8, unit & 255];
              }).flat(),
            );
      expect(
        guest.evaluate(`(() => {
          const results = [];
          for (const size of [1, 2, 3, 100]) {
            const decoder = new TextDecoder(${JSON.stringify(encoding)});
            const bytes = new Uint8Array(${JSON.stringify(bytes)});
            let text = "";
            for (let i = 0; i < bytes.length; i += size) text += decoder.decode(bytes.subarray(i, i + size), { stream: true });
            results.push(text + decoder.decode());
          }
          return [...new Set(results)];
        })()`),
      ).toEqual(["aä€𝒳b\ufeff"]);
    }
  });

  it("ends an unfinished chunk with U+FFFD and begins anew", () => {
    expect(
      guest.evaluate(`(() => {
        const decoder = new TextDecoder();
        const first = decoder.decode(Uint8Array.of(0xe2, 0x82), { stream: true });
        return [first, decoder.decode(), decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))];
      })()`),
    ).toEqual(["", "\ufffd", "A"]);
  });

  it("keeps the byte order mark where it is told to", () => {
    expect(
      guest.evaluate(`new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.of(0xef, 0xbb, 0xbf))`),
    ).toBe("\ufeff");
  });

  it("reads buffers and views, and nothing else", () => {
    expect(
      guest.evaluate(`(() => {
        const buffer = Uint8Array.of(65, 66, 67, 68).buffer;
        const decoder = new TextDecoder();
        let threw = 0;
        for (const wrong of [null, "a", [65], {}]) try { decoder.decode(wrong); } catch (e) { if (e instanceof TypeError) threw++; }
        return [decoder.decode(buffer), decoder.decode(new DataView(buffer, 1, 2)), decoder.decode(new Uint16Array(buffer, 2, 1)), decoder.decode(), threw];
      })()`),
    ).toEqual(["ABCD", "BC", "CD", "", 4]);
  });

  it("knows the labels of the standard", () => {
    const labels = [
      "utf8",
      " UTF-8\n",
      "latin1",
      "ascii",
      "shift_jis",
      "sjis",
      "utf-16",
      "ISO_8859-2:1987",
      "gb2312",
      "x-user-defined",
    ];
    expect(guest.evaluate(`${JSON.stringify(labels)}.map((label) => new TextDecoder(label).encoding)`)).toEqual([
      "utf-8",
      "utf-8",
      "windows-1252",
      "windows-1252",
      "shift_jis",
      "shift_jis",
      "utf-16le",
      "iso-8859-2",
      "gbk",
      "x-user-defined",
    ]);
    expect(
      guest.evaluate(`["", "utf-9", "latin1 l1", "iso-2022-kr", "replacement", "\\u212aoi8"].filter((label) => {
        try { new TextDecoder(label); return true; } catch (e) { return !(e instanceof RangeError); }
      })`),
    ).toEqual([]);
  });

  it("decodes a legacy encoding by the host, in streaming with the chunk that ends a character", () => {
    expect(
      guest.evaluate(`(() => {
        const decoder = new TextDecoder("shift_jis");
        return [new TextDecoder("latin1").decode(Uint8Array.of(0xe4)),
          decoder.decode(Uint8Array.of(0x83), { stream: true }), decoder.decode(Uint8Array.of(0x65, 0x83), { stream: true }),
          decoder.decode()];
      })()`),
    ).toEqual(["ä", "", "テ", "\ufffd"]);
  });

  it("gives the host of a legacy encoding what it takes at once, and no more", () => {
    const before = guest.of(HostOp.TEXT_DECODE).length;
    expect(guest.evaluate(`new TextDecoder("euc-kr").decode(new Uint8Array(300001).fill(0xb0)).length`)).toBe(150001);
    const pieces = guest.of(HostOp.TEXT_DECODE).slice(before);
    const sizes = pieces.map(({ args }) => (args[1] as ArrayBuffer).byteLength);
    expect(sizes.reduce((total, size) => total + size, 0)).toBe(300001);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LEGACY_TEXT_BYTES);
  });

  it("has its options as attributes", () => {
    expect(
      guest.evaluate(
        `(() => { const d = new TextDecoder("utf-8", { fatal: 1 }); return [d.encoding, d.fatal, d.ignoreBOM]; })()`,
      ),
    ).toEqual(["utf-8", true, false]);
  });
});

describe("atob and btoa", () => {
  it("are each other's inverse", () => {
    for (const text of ["", "a", "ab", "abc", "\u0000\u00ff\u0080"]) {
      const encoded = Buffer.from(text, "latin1").toString("base64");
      expect(guest.evaluate(`[btoa(${JSON.stringify(text)}), atob(${JSON.stringify(encoded)})]`)).toEqual([
        encoded,
        text,
      ]);
    }
  });

  it("decode what the forgiving decoder forgives", () => {
    expect(guest.evaluate(`[" Y Q\\n==", "YQ", "YWI", "YR==", "YQ\\f=="].map(atob)`)).toEqual([
      "a",
      "a",
      "ab",
      "a",
      "a",
    ]);
  });

  it("refuse the rest by an InvalidCharacterError", () => {
    expect(
      guest.evaluate(`["Y", "YQ=", "Y===", "=", "YQ==YQ==", "a-b_", "YQ\\u00a0==", "Y=Q="].filter((text) => {
        try { atob(text); return true; } catch (e) { return !(e instanceof DOMException && e.name === "InvalidCharacterError" && e.code === 5); }
      })`),
    ).toEqual([]);
    expect(guest.evaluate(`(() => { try { btoa("€"); } catch (e) { return e.name; } })()`)).toBe(
      "InvalidCharacterError",
    );
    expect(guest.evaluate(`(() => { try { atob(); } catch (e) { return e.name; } })()`)).toBe("TypeError");
    expect(guest.evaluate(`btoa(null)`)).toBe("bnVsbA==");
  });
});
