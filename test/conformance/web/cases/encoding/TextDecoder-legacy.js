// https://encoding.spec.whatwg.org/#legacy-single-byte-encodings and the sections after it
import { assertArrayEquals, assertEquals, assertThrows, test } from "../../testharness.js";

export { default } from "../../testharness.js";

for (const [label, bytes, text] of [
  ["ibm866", "80 9f b0 cd f0 ff", "АЯ░═Ё\u00a0"],
  ["iso-8859-2", "a1 b1 e8 fe", "Ąąčţ"],
  ["iso-8859-3", "a1 b1 a5 d8", "Ħħ\ufffdĜ"],
  ["iso-8859-4", "a1 a2 ff", "Ąĸ˙"],
  ["iso-8859-5", "b0 ef f0 f1", "Ая№ё"],
  ["iso-8859-6", "c7 e4 ac a1", "ال،\ufffd"],
  ["iso-8859-7", "a4 c1 e1 d2", "€Αα\ufffd"],
  ["iso-8859-8", "e0 fa fd a1", "את\u200e\ufffd"],
  ["iso-8859-8-i", "e0 fa", "את"],
  ["iso-8859-10", "a1 bd ff", "Ą―ĸ"],
  ["iso-8859-13", "a1 ff", "”’"],
  ["iso-8859-14", "a1 ff", "Ḃÿ"],
  ["iso-8859-15", "a4 a6 bc", "€ŠŒ"],
  ["iso-8859-16", "a4 a5 fd", "€„ę"],
  ["koi8-r", "c1 e1 a3", "аАё"],
  ["koi8-u", "a4 b4 ae be", "єЄўЎ"],
  ["macintosh", "80 db ff f0", "Ä€ˇ\uf8ff"],
  ["windows-874", "a1 80 df db", "ก€฿\ufffd"],
  ["windows-1250", "8a 9f b9", "Šźą"],
  ["windows-1251", "c0 ff a8 98", "АяЁ\u0098"],
  ["windows-1252", "80 81 8d 99 e9 ff", "€\u0081\u008d™éÿ"],
  ["windows-1253", "c1 a2 d2 aa", "ΑΆ\ufffd\ufffd"],
  ["windows-1254", "d0 fd fe", "Ğış"],
  ["windows-1255", "e0 a4 d9", "א₪\ufffd"],
  ["windows-1256", "c7 81 ff", "اپے"],
  ["windows-1257", "c0 a1", "Ą\ufffd"],
  ["windows-1258", "d5 fe d2", "Ơ₫\u0309"],
  ["x-mac-cyrillic", "80 a2 ff b6", "АҐ€ґ"],
  ["x-user-defined", "41 7f 80 ff", "A\u007f\uf780\uf7ff"],
  ["gbk", "d6 d0 ce c4 80", "中文€"],
  ["gbk", "81 30 81 30", "\u0080"],
  ["gb18030", "81 30 84 36", "\u00a5"],
  ["gb18030", "84 31 a4 37", "\ufffd"],
  ["gb18030", "84 31 95 33", "\ufeff"],
  ["gb18030", "90 30 81 30", "\u{10000}"],
  ["gb18030", "e3 32 9a 35", "\u{10ffff}"],
  ["gb18030", "e3 32 9a 36", "\ufffd"],
  ["gb18030", "a2 e3 a6 d9", "€︐"],
  ["gb18030", "81 35 f4 37", "\ue7c7"],
  ["gb18030", "81 30 41 42", "\ufffd0AB"],
  ["gb18030", "81 30 81 41", "\ufffd0丄"],
  ["gb18030", "ff 41 80", "\ufffdA€"],
  ["gb18030", "81 7f 41", "\ufffd\u007fA"],
  ["big5", "a4 a4 a4 e5", "中文"],
  ["big5", "87 40", "䏰"],
  ["big5", "88 62 88 64 88 a3 88 a5", "Ê\u0304Ê\u030cê\u0304ê\u030c"],
  ["big5", "81 ff 41", "\ufffdA"],
  ["big5", "a1 3f", "\ufffd?"],
  ["big5", "81 41", "\ufffdA"],
  ["big5", "80 41", "\ufffdA"],
  ["euc-jp", "c6 fc cb dc", "日本"],
  ["euc-jp", "8e b1 8e df", "ｱﾟ"],
  ["euc-jp", "8f a2 af 8f b0 a1", "˘丂"],
  ["euc-jp", "8f a2 41", "\ufffdA"],
  ["euc-jp", "8e e0 41", "\ufffdA"],
  ["euc-jp", "a4 ff 41", "\ufffdA"],
  ["euc-jp", "a4 20", "\ufffd "],
  ["shift_jis", "93 fa 96 7b", "日本"],
  ["shift_jis", "b1 df 80 5c 7e", "ｱﾟ\u0080\\~"],
  ["shift_jis", "81 60 81 7c 87 40 fa 40", "～－①ⅰ"],
  ["shift_jis", "f0 40 f9 fc", "\ue000\ue757"],
  ["shift_jis", "a0 fd 81 39", "\ufffd\ufffd\ufffd9"],
  ["shift_jis", "81 7f 41", "\ufffd\u007fA"],
  ["euc-kr", "b0 a1 c8 fe", "가힝"],
  ["euc-kr", "81 41 c9 a1", "갂\ufffd"],
  ["euc-kr", "80 ff", "\ufffd\ufffd"],
  ["euc-kr", "b0 20 c9 5c", "\ufffd \ufffd\\"],
  ["iso-2022-jp", "1b 24 42 46 7c 4b 5c 1b 28 42 41", "日本A"],
  ["iso-2022-jp", "1b 24 40 24 22", "あ"],
  ["iso-2022-jp", "1b 28 4a 5c 7e 41", "¥‾A"],
  ["iso-2022-jp", "1b 28 49 31 5f 60", "ｱﾟ\ufffd"],
  ["iso-2022-jp", "0e 0f 80 7f", "\ufffd\ufffd\ufffd\u007f"],
  ["iso-2022-jp", "1b 28 42 1b 28 4a 41", "\ufffdA"],
  ["iso-2022-jp", "1b 28 42 41 1b 28 4a 41", "AA"],
  ["iso-2022-jp", "1b 24 3b", "\ufffd$;"],
  ["iso-2022-jp", "1b 1b 41", "\ufffd\ufffdA"],
  ["iso-2022-jp", "1b 24 42 24 1b 28 42 41", "\ufffdA"],
  ["iso-2022-jp", "1b 24 42 1b 24 22 24 22", "\ufffdああ"],
  ["iso-2022-jp", "1b 24 42 24 0a 24 22", "\ufffdあ"],
  ["iso-2022-jp", "1b 24 42 1b 28", "\ufffd\ufffd"],
  ["iso-2022-jp", "1b", "\ufffd"],
  ["iso-2022-jp", "41 1b 24", "A\ufffd$"],
]) {
  test(`${label}: ${bytes}`, () => {
    const input = Uint8Array.from(bytes.split(" "), (byte) => Number.parseInt(byte, 16));
    assertEquals(new TextDecoder(label).decode(input), text);
    for (let size = 1; size <= 3; size++) {
      assertEquals(inChunks(new TextDecoder(label), input, size), text, `chunks of ${size}`);
    }
    const strict = new TextDecoder(label, { fatal: true });
    if (!text.includes("\ufffd")) {
      assertEquals(strict.decode(input), text, "fatal");
      assertEquals(inChunks(strict, input, 1), text, "fatal, byte by byte");
    } else if (bytes !== "84 31 a4 37") {
      assertThrows(TypeError, () => strict.decode(input), "fatal");
      assertThrows(TypeError, () => inChunks(strict, input, 1), "fatal, byte by byte");
    }
  });
}

for (const [label, chunks, texts] of [
  ["windows-1251", [[0xc0], [0xff], []], ["А", "я", "", ""]],
  ["shift_jis", [[0x82], [0xa0, 0x82], [0xa2], [0x61]], ["", "あ", "い", "a", ""]],
  ["gb18030", [[0x81], [0x30, 0x81], [0x30], [0xd6, 0xd0, 0xce]], ["", "", "\u0080", "中", "\ufffd"]],
  ["gbk", [[0x81, 0x30], [0x41]], ["", "\ufffd0A", ""]],
  ["big5", [[0xa4], [0xa4, 0xa4], [0x20]], ["", "中", "\ufffd ", ""]],
  ["euc-jp", [[0x8f], [0xb0], [0xa1, 0xc6], [0xfc]], ["", "", "丂", "日", ""]],
  ["euc-kr", [[0xb0], [0xa1, 0xff]], ["", "가\ufffd", ""]],
  [
    "iso-2022-jp",
    [[0x1b], [0x24, 0x42], [0x46], [0x7c, 0x4b], [0x5c, 0x1b, 0x28], [0x42, 0x41]],
    ["", "", "", "日", "本", "A", ""],
  ],
  ["iso-2022-jp", [[0x1b, 0x28, 0x4a], [0x5c], [0x5c]], ["", "¥", "¥", ""]],
  ["iso-2022-jp", [[0x1b, 0x28, 0x49], [0x31]], ["", "ｱ", ""]],
  ["iso-2022-jp", [[0x1b, 0x28, 0x42], [0x1b, 0x28, 0x42], [0x41]], ["", "\ufffd", "A", ""]],
  ["iso-2022-jp", [[0x1b, 0x24, 0x42, 0x24], [0x1b], [0x28, 0x42]], ["", "\ufffd", "", ""]],
]) {
  test(`${label}: each chunk has the text that is whole by then: ${JSON.stringify(chunks)}`, () => {
    const decoder = new TextDecoder(label);
    const found = chunks.map((chunk) => decoder.decode(Uint8Array.from(chunk), { stream: true }));
    assertArrayEquals([...found, decoder.decode()], texts);
  });
}

test("each text begins anew: nothing is left of the one before", () => {
  for (const [label, bytes] of [
    ["shift_jis", [0x82]],
    ["gb18030", [0x81, 0x30, 0x81]],
    ["euc-jp", [0x8f, 0xb0]],
    ["iso-2022-jp", [0x1b, 0x24, 0x42, 0x24]],
  ]) {
    const decoder = new TextDecoder(label);
    assertEquals(decoder.decode(Uint8Array.from(bytes), { stream: true }), "", label);
    decoder.decode();
    assertEquals(decoder.decode(Uint8Array.of(0x41, 0x42)), "AB", label);
  }
});

test("one that failed begins anew", () => {
  const decoder = new TextDecoder("iso-2022-jp", { fatal: true });
  assertEquals(decoder.decode(Uint8Array.of(0x1b, 0x24, 0x42), { stream: true }), "");
  assertThrows(TypeError, () => decoder.decode(Uint8Array.of(0xff), { stream: true }));
  assertEquals(decoder.decode(Uint8Array.of(0x41)), "A");
});

for (const [label, sample, unit] of [
  ["windows-1252", [0xe9], "é"],
  ["shift_jis", [0x61, 0x93, 0xfa], "a日"],
  ["gb18030", [0x61, 0xd6, 0xd0, 0x90, 0x30, 0x81, 0x30], "a中\u{10000}"],
  ["big5", [0x61, 0x88, 0x62], "aÊ\u0304"],
  ["euc-jp", [0x61, 0x8f, 0xb0, 0xa1, 0xc6, 0xfc], "a丂日"],
  ["euc-kr", [0x61, 0xb0, 0xa1], "a가"],
  ["iso-2022-jp", [0x61, 0x1b, 0x24, 0x42, 0x46, 0x7c, 0x4b, 0x5c, 0x1b, 0x28, 0x42], "a日本"],
]) {
  test(`${label}: a text longer than what is decoded at once is whole, from its beginning on and from within`, () => {
    const count = Math.ceil(200_000 / sample.length);
    const bytes = new Uint8Array(count * sample.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = sample[i % sample.length];
    const text = unit.repeat(count);
    for (const fatal of [false, true]) {
      const decoder = new TextDecoder(label, { fatal });
      assertEquals(decoder.decode(bytes) === text, true, "at once");
      assertEquals(inChunks(decoder, bytes, 70_001) === text, true, "in chunks");
      assertEquals(
        decoder.decode(bytes.subarray(0, -1), { stream: true }) + decoder.decode(bytes.subarray(-1)) === text,
        true,
      );
    }
  });
}

test("random bytes decode alike however they are cut", () => {
  let seed = 12_345;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed >>> 16;
  };
  // Bytes that begin, go on, or break sequences.
  const likely = [
    0x1b, 0x24, 0x28, 0x42, 0x4a, 0x49, 0x40, 0x30, 0x39, 0x81, 0x8e, 0x8f, 0xa1, 0xfe, 0xff, 0x80, 0x21, 0x7e, 0x0a,
  ];
  for (const label of ["gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr"]) {
    for (let round = 0; round < 25; round++) {
      const bytes = Uint8Array.from({ length: 40 }, () =>
        random() % 4 ? likely[random() % likely.length] : random() % 256,
      );
      const decoder = new TextDecoder(label);
      const text = decoder.decode(bytes);
      for (const size of [1, 2, 3, 7]) {
        assertEquals(inChunks(decoder, bytes, size), text, `${label} of ${bytes.join()} in chunks of ${size}`);
      }
    }
  }
});

test("what an app does to prototypes changes nothing, and shows it nothing", () => {
  const bytes = Uint8Array.of(0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x4a, 0x5c);
  const kept = [String.prototype.slice, ArrayBuffer.prototype.slice, Uint8Array.prototype.set];
  const seen = [];
  for (const at of [0, 1, 2, 3, 4]) {
    Object.defineProperty(Array.prototype, at, { set: (value) => void seen.push(value), configurable: true });
  }
  String.prototype.slice = ArrayBuffer.prototype.slice = Uint8Array.prototype.set = (value) => void seen.push(value);
  let found;
  try {
    found = inChunks(new TextDecoder("iso-2022-jp"), bytes, 2);
  } finally {
    [String.prototype.slice, ArrayBuffer.prototype.slice, Uint8Array.prototype.set] = kept;
    for (const at of [0, 1, 2, 3, 4]) delete Array.prototype[at];
  }
  assertEquals(found, "日¥");
  assertEquals(seen.length, 0);
});

test("the bytes are those that were there when the options were read", () => {
  for (const label of ["shift_jis", "windows-1252", "iso-2022-jp"]) {
    const bytes = Uint8Array.of(0x41, 0x42);
    const decoder = new TextDecoder(label);
    const text = decoder.decode(bytes, {
      get stream() {
        bytes.buffer.transfer();
        return true;
      },
    });
    assertEquals(text === "" || text === "AB", true, label);
    assertEquals(decoder.decode(), "", label);
  }
});

function inChunks(decoder, bytes, size) {
  let text = "";
  for (let at = 0; at < bytes.length; at += size)
    text += decoder.decode(bytes.subarray(at, at + size), { stream: true });
  return text + decoder.decode();
}
