// https://fetch.spec.whatwg.org/#dom-body-formdata and https://html.spec.whatwg.org/#multipart-form-data
import { assertEquals, assertFalse, assertNotEquals, assertRejects, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const CRLF = "\r\n";
const parse = (body, type) => new Response(body, { headers: { "content-type": type } }).formData();
const parseParts = (body, boundary = "B") => parse(body, `multipart/form-data; boundary=${boundary}`);
const part = (head, content) => `--B${CRLF}${head}${CRLF}${CRLF}${content}${CRLF}`;
const field = (name, content) => part(`Content-Disposition: form-data; name="${name}"`, content);

async function sent(form) {
  const response = new Response(form);
  return { type: response.headers.get("content-type"), text: await response.text() };
}

test("sent: a boundary that is another each time, and a part for each entry", async () => {
  const form = new FormData();
  form.append("a", "1");
  form.append("é", "ü");
  form.append("f", new File(["text"], "n.txt", { type: "text/x" }));
  form.append("g", new Blob(["x"]));
  const { type, text } = await sent(form);
  const boundary = /^multipart\/form-data; boundary=([\w-]{27,70})$/.exec(type)[1];
  const head = (rest) => `--${boundary}${CRLF}Content-Disposition: form-data; ${rest}`;
  assertEquals(
    text,
    head(`name="a"${CRLF}${CRLF}1${CRLF}`) +
      head(`name="é"${CRLF}${CRLF}ü${CRLF}`) +
      head(`name="f"; filename="n.txt"${CRLF}Content-Type: text/x${CRLF}${CRLF}text${CRLF}`) +
      head(`name="g"; filename="blob"${CRLF}Content-Type: application/octet-stream${CRLF}${CRLF}x${CRLF}`) +
      `--${boundary}--${CRLF}`,
  );
  assertNotEquals((await sent(form)).type, type);
});

test("sent: names are escaped, line ends of names and values are CRLF, those of file names stay", async () => {
  const form = new FormData();
  form.append('a"b\nc\rd\r\ne%22', "x\ny\rz\r\nw");
  form.append("f", new Blob([]), 'q"\n\r');
  const { text } = await sent(form);
  assertTrue(text.includes('name="a%22b%0D%0Ac%0D%0Ad%0D%0Ae%22"'), text);
  assertTrue(text.includes(`${CRLF}${CRLF}x${CRLF}y${CRLF}z${CRLF}w${CRLF}--`), text);
  assertTrue(text.includes('filename="q%22%0A%0D"'), text);
});

test("sent: an empty form is its last boundary, and is parsed", async () => {
  const response = new Response(new FormData());
  assertEquals([...(await response.formData())].length, 0);
});

test("what is sent is parsed to the same", async () => {
  const form = new FormData();
  const bytes = Uint8Array.from({ length: 512 }, (_, i) => i);
  form.append("text", "a\r\n--B\r\n\r\n\ufeff\0é😀");
  form.append("", "");
  form.append("file", new File([bytes], 'é"\\😀.bin', { type: "a/b;c=d" }));
  form.append("file", new File([], ""));
  const parsed = await new Request("http://a.test/", { method: "POST", body: form }).formData();
  assertEquals(parsed.get("text"), form.get("text"));
  assertEquals(parsed.get(""), "");
  const [first, second] = parsed.getAll("file");
  assertEquals(first.name, 'é"\\😀.bin');
  assertEquals(first.type, "a/b;c=d");
  assertEquals((await first.bytes()).join(), bytes.join());
  assertEquals(second.name, "");
  assertEquals(second.size, 0);
});

for (const [what, body, expected] of [
  ["a field", `${field("a", "1")}--B--${CRLF}`, "a=1"],
  ["without a line end at the end", `${field("a", "1")}--B--`, "a=1"],
  ["an empty value", `${field("a", "")}--B--${CRLF}`, "a="],
  ["several", `${field("a", "1")}${field("b", "2")}${field("a", "3")}--B--${CRLF}`, "a=1|b=2|a=3"],
  ["a value with boundaries within lines", `${field("a", "x--B--B--y")}--B--${CRLF}`, "a=x--B--B--y"],
  ["a byte order mark, which is text", `${field("a", "\ufeffx")}--B--${CRLF}`, "a=\ufeffx"],
  [
    "headers in other cases, and others",
    `${part(`CONTENT-disposition: Form-Data; NAME="a"${CRLF}X-Other: y${CRLF}content-type: text/plain`, "1")}--B--${CRLF}`,
    "a=1",
  ],
  ["a name without quotes", `${part("Content-Disposition: form-data; name=a", "1")}--B--${CRLF}`, "a=1"],
  ["an escaped name", `${field("a%22b%0D%0Ac%41", "1")}--B--${CRLF}`, 'a"b\r\nc%41=1'],
  ["a name of several bytes", `${field("é😀", "ü")}--B--${CRLF}`, "é😀=ü"],
  [
    "names of Object.prototype",
    `${field("__proto__", "1")}${field("constructor", "2")}--B--${CRLF}`,
    "__proto__=1|constructor=2",
  ],
]) {
  test(`parsed: ${what}`, async () => {
    const form = await parseParts(body);
    assertEquals([...form].map(([name, value]) => `${name}=${value}`).join("|"), expected);
  });
}

for (const [what, boundary] of [
  ["in quotes", '"B"'],
  ["with parameters around it", "B; charset=utf-8"],
]) {
  test(`parsed: a boundary ${what}`, async () => {
    assertEquals((await parseParts(`${field("a", "1")}--B--${CRLF}`, boundary)).get("a"), "1");
  });
}

test("parsed: a boundary of 70 characters, and of all that it may hold", async () => {
  for (const boundary of ["x".repeat(70), "a'()+_,-./:=? z"]) {
    const body = `${field("a", "1")}--B--${CRLF}`.replaceAll("--B", `--${boundary}`);
    assertEquals((await parseParts(body, `"${boundary}"`)).get("a"), "1");
  }
});

test("parsed: a file has its name, its type, text/plain where there is none, and its bytes", async () => {
  const head = (rest) => `Content-Disposition: form-data; name="f"; filename="${rest}`;
  const form = await parseParts(
    [part(head(`n%22.txt"${CRLF}Content-Type: a/b; c=d`), "\ufeff1"), part(head('"'), ""), `--B--${CRLF}`].join(""),
  );
  const [first, second] = form.getAll("f");
  assertEquals(first.name, 'n".txt');
  assertEquals(first.type, "a/b; c=d");
  assertEquals(first.size, 4);
  assertEquals(second.name, "");
  assertEquals(second.type, "text/plain");
  assertEquals(second.size, 0);
});

test("parsed: bytes that are no UTF-8 are replaced in fields, and stay in files", async () => {
  const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const form = await parseParts(
    bytes(
      `${field("a", "\xff\0")}${part('Content-Disposition: form-data; name="f"; filename="x"', "\xff\0")}--B--${CRLF}`,
    ),
  );
  assertEquals(form.get("a"), "\ufffd\0");
  assertEquals((await form.get("f").bytes()).join(), "255,0");
});

for (const [what, body] of [
  ["nothing", ""],
  ["no boundary", "text"],
  ["another boundary", field("a", "1").replace("--B", "--C")],
  ["no end", field("a", "1")],
  ["no end of the headers", `--B${CRLF}Content-Disposition: form-data; name="a"`],
  ["no end of the value", `--B${CRLF}Content-Disposition: form-data; name="a"${CRLF}${CRLF}text`],
  ["no name", `${part("Content-Disposition: form-data", "1")}--B--`],
  ["no disposition", `${part("Content-Type: text/plain", "1")}--B--`],
  ["another disposition", `${part('Content-Disposition: attachment; name="a"', "1")}--B--`],
  ["a header without a colon", `${part("nothing", "1")}--B--`],
  ["lines that end with LF alone", `${field("a", "1")}--B--`.replaceAll(CRLF, "\n")],
  ["text behind a boundary", `--Bx${CRLF}Content-Disposition: form-data; name="a"${CRLF}${CRLF}1${CRLF}--B--`],
]) {
  test(`malformed: ${what}`, async () => {
    const response = new Response(body, { headers: { "content-type": "multipart/form-data; boundary=B" } });
    await assertRejects(TypeError, response.formData());
    assertTrue(response.bodyUsed);
  });
}

for (const type of [
  "text/plain",
  "",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  'multipart/form-data; boundary=""',
  "multipart/mixed; boundary=B",
  "multipart/form-dataX; boundary=B",
  "a/b, text/plain",
]) {
  test(`a TypeError for the type ${JSON.stringify(type)}`, () =>
    assertRejects(TypeError, parse(`${field("a", "1")}--B--${CRLF}`, type)));
}

test("the last type counts, of several", async () => {
  assertEquals((await parse("a=1", "text/plain, application/x-www-form-urlencoded")).get("a"), "1");
});

for (const [text, expected] of [
  ["", ""],
  ["a=1&b=2&a=3", "a=1|b=2|a=3"],
  ["&&a&=b&=&", "a=|=b|="],
  ["a+b=c%20d%2B&%C3%A9=%ff%", "a b=c d+|é=\ufffd%"],
  ["\ufeffa=\ufeffb", "\ufeffa=\ufeffb"],
  ["é=ü", "é=ü"],
]) {
  test(`urlencoded: ${JSON.stringify(text)}`, async () => {
    for (const type of ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=utf-16"]) {
      const form = await parse(text, type);
      assertEquals([...form].map(([name, value]) => `${name}=${value}`).join("|"), expected);
    }
  });
}

for (const [what, bytes, expected] of [
  ["a character of which one byte is escaped", [0x61, 0x3d, 0xc3, 0x25, 0x41, 0x39], "a=é"],
  ["bytes that are no UTF-8", [0xff, 0x3d, 0xc3, 0x26, 0xa9], "\ufffd=\ufffd|\ufffd="],
  ["a replacement character", [0xef, 0xbf, 0xbd, 0x3d, 0x2b, 0x25], "\ufffd= %"],
]) {
  test(`urlencoded: ${what}`, async () => {
    const form = await parse(Uint8Array.from(bytes), "application/x-www-form-urlencoded");
    assertEquals([...form].map(([name, value]) => `${name}=${value}`).join("|"), expected);
  });
}

test("a boundary that is too long is refused, before it is looked for", async () => {
  for (const length of [71, 5000, 100_000]) {
    await assertRejects(TypeError, parseParts("-".repeat(100_000), "-".repeat(length)));
  }
});

test("what almost is the boundary, over and over, takes no more time than its length", async () => {
  const boundary = "-".repeat(70);
  const body = `--${boundary}${CRLF}Content-Disposition: form-data; name="a"${CRLF}${CRLF}${"-".repeat(200_000)}${CRLF}--${boundary}--`;
  assertEquals((await parseParts(body, boundary)).get("a").length, 200_000);
});

test("thousands of parts are parsed", async () => {
  const form = await parseParts(`${field("a", "1").repeat(5000)}--B--`);
  assertEquals(form.getAll("a").length, 5000);
});

test("a form of more entries than are parsed is refused, in either form", async () => {
  const urlencoded = "application/x-www-form-urlencoded";
  assertEquals([...(await parse("a&".repeat(16_384), urlencoded))].length, 16_384);
  await assertRejects(TypeError, parse("a&".repeat(16_385), urlencoded));
  await assertRejects(TypeError, parseParts(`${field("", "").repeat(16_385)}--B--`));
});

test("long names of escapes, and long values of spaces, take memory of their length", async () => {
  const form = await parseParts(`${field("\\\\".repeat(500_000), "1")}${field("x".repeat(1_000_000), "2")}--B--`);
  assertEquals([...form.keys()].map((name) => name.length).join(), "500000,1000000");
  const spaces = await parse(`a=${"+".repeat(2_000_000)}`, "application/x-www-form-urlencoded");
  assertEquals(spaces.get("a").length, 2_000_000);
  const malformed = await parse(new Uint8Array(1_000_000).fill(0xff), "application/x-www-form-urlencoded");
  assertEquals([...malformed.keys()][0].length, 1_000_000);
});

test("a backslash escapes quotes and backslashes alone", async () => {
  const form = await parseParts(`${field('a\\"b\\\\c\\d', "1")}--B--`);
  assertEquals([...form.keys()][0], 'a"b\\c\\d');
});

test("a part with long headers is parsed, and one without end is not", async () => {
  const long = "x".repeat(200_000);
  assertEquals(
    (await parseParts(`${part(`X: ${long}${CRLF}Content-Disposition: form-data; name="a"`, "1")}--B--`)).get("a"),
    "1",
  );
  assertEquals((await parseParts(`${field(long, "1")}--B--`)).has(long), true);
  await assertRejects(TypeError, parseParts(`--B${CRLF}X: ${"\r".repeat(100_000)}`));
  await assertRejects(TypeError, parseParts(`--B${CRLF}Content-Disposition: form-data; name="${"\\".repeat(100_000)}`));
});

test("what an app does to prototypes changes nothing", async () => {
  const { append } = FormData.prototype;
  FormData.prototype.append = () => {
    throw new Error("called");
  };
  Object.defineProperty(Object.prototype, "filename", { value: "polluted", configurable: true });
  try {
    assertEquals((await parseParts(`${field("a", "1")}--B--`)).get("a"), "1");
    assertFalse((await parse("a=1", "application/x-www-form-urlencoded")).has("filename"));
  } finally {
    FormData.prototype.append = append;
    delete Object.prototype.filename;
  }
});
