// https://fetch.spec.whatwg.org/#response-class
import {
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

test("has the defaults of the standard", () => {
  const response = new Response();
  for (const [name, value] of Object.entries({
    type: "default",
    url: "",
    redirected: false,
    status: 200,
    ok: true,
    statusText: "",
    body: null,
    bodyUsed: false,
  })) {
    assertEquals(response[name], value, name);
  }
  assertEquals([...response.headers].length, 0);
  assertEquals(response.headers, response.headers);
  assertEquals(new Response(null).body, null);
  assertEquals(new Response(undefined, undefined).body, null);
  assertEquals(new Response(null, null).status, 200);
});

test("needs new, and no argument", () => {
  assertThrows(TypeError, () => Response());
  assertEquals(Response.length, 0);
  assertThrows(TypeError, () => new Response(null, 5));
});

test("members of others are refused", async () => {
  for (const name of Object.getOwnPropertyNames(Response.prototype)) {
    const { get, value } = Object.getOwnPropertyDescriptor(Response.prototype, name);
    const other = new Request("http://a.test/");
    if (get !== undefined) assertThrows(TypeError, () => get.call(other), name);
    else if (name === "clone" || name === "textStream") assertThrows(TypeError, () => value.call(other), name);
    else if (name !== "constructor") await assertRejects(TypeError, value.call(other), name);
  }
});

test("a status is within 200 to 599", () => {
  for (const status of [200, 299, 300, 404, 599, "201", 200.9, 65_736]) {
    const response = new Response(null, { status });
    assertEquals(response.status, Math.floor(Number(status)) % 65_536);
    assertEquals(response.ok, response.status < 300);
  }
  for (const status of [0, 100, 101, 199, 600, 1000, -1, NaN, null, "x", Infinity, 65_535]) {
    assertThrows(RangeError, () => new Response(null, { status }), String(status));
  }
  assertThrows(TypeError, () => new Response(null, { status: 200n }));
  assertThrows(TypeError, () => new Response(null, { status: Symbol("a") }));
});

test("a status text is a reason phrase", () => {
  for (const statusText of ["", "OK", "a b\tc", "\u00e9\u0080\u00ff"]) {
    assertEquals(new Response(null, { statusText }).statusText, statusText);
  }
  assertEquals(new Response(null, { statusText: 5 }).statusText, "5");
  for (const statusText of ["\n", "a\r", "\0", "\u007f", "\u0100", "\u001f"]) {
    assertThrows(TypeError, () => new Response(null, { statusText }), JSON.stringify(statusText));
  }
});

test("204, 205 and 304 have no body", () => {
  for (const status of [204, 205, 304]) {
    assertEquals(new Response(null, { status }).body, null);
    for (const body of ["", "a", new Uint8Array(0), new ReadableStream()]) {
      assertThrows(TypeError, () => new Response(body, { status }));
    }
  }
});

test("members of the init are read once each, in the order of their names, before one is judged", () => {
  const reads = [];
  new Response(null, new Proxy({}, { get: (_, name) => void reads.push(name) }));
  assertEquals(reads.filter((name) => name !== "webSocket").join(), "headers,status,statusText");
  const thrown = new Error("mine");
  assertThrowsExactly(
    thrown,
    () =>
      new Response(null, {
        status: 1000,
        get statusText() {
          throw thrown;
        },
      }),
  );
});

test("headers are a copy, and can be changed", () => {
  const given = new Headers({ a: "1" });
  const response = new Response(null, { headers: given });
  given.set("a", "2");
  assertEquals(response.headers.get("a"), "1");
  response.headers.set("a", "3");
  response.headers.append("Set-Cookie", "b=1");
  response.headers.append("Set-Cookie", "c=2");
  assertEquals(response.headers.getSetCookie().join("|"), "b=1|c=2");
  assertThrows(TypeError, () => new Response(null, { headers: null }));
  assertThrows(TypeError, () => new Response(null, { headers: { "a b": "" } }));
});

test("error is a network error with immutable headers", () => {
  const response = Response.error();
  assertEquals(response.type, "error");
  assertEquals(response.status, 0);
  assertEquals(response.statusText, "");
  assertFalse(response.ok);
  assertEquals(response.body, null);
  assertEquals(response.url, "");
  for (const headers of [response.headers, response.clone().headers]) {
    assertThrows(TypeError, () => headers.append("a", "b"));
    assertThrows(TypeError, () => headers.set("a", "b"));
    assertThrows(TypeError, () => headers.delete("a"));
    assertEquals(headers.get("a"), null);
    // Arguments are judged first.
    assertThrows(TypeError, () => headers.append("a b", "c"));
  }
  assertEquals(response.clone().type, "error");
});

test("redirect has a serialised URL, 302 by default, and immutable headers", () => {
  for (const status of [undefined, 301, 302, 303, 307, 308]) {
    const response = Response.redirect("http://EXAMPLE.test:80/a b#c", status);
    assertEquals(response.status, status ?? 302);
    assertEquals(response.headers.get("location"), "http://example.test/a%20b#c");
    assertEquals([...response.headers].length, 1);
    assertEquals(response.body, null);
    assertEquals(response.type, "default");
    assertFalse(response.redirected);
    assertThrows(TypeError, () => response.headers.set("a", "b"));
  }
  assertEquals(Response.redirect(new URL("http://a.test/x")).headers.get("location"), "http://a.test/x");
  assertEquals(Response.redirect.length, 1);
});

test("redirect refuses other statuses with a RangeError, URLs that do not parse with a TypeError", () => {
  for (const status of [0, 200, 300, 304, 305, 306, 309, 400, null, NaN]) {
    assertThrows(RangeError, () => Response.redirect("http://a.test/", status), String(status));
  }
  for (const url of ["", "/relative", "http://[", "//a.test/", undefined]) {
    assertThrows(TypeError, () => Response.redirect(url), String(url));
    assertThrows(TypeError, () => Response.redirect(url, 200), String(url));
  }
  assertThrows(TypeError, () => Response.redirect());
});

test("json serialises, with its type unless another is given", async () => {
  const response = Response.json(
    { a: [1, null, "\ud800é"], b: undefined },
    { status: 201, statusText: "So", headers: { x: "y" } },
  );
  assertEquals(response.status, 201);
  assertEquals(response.statusText, "So");
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(response.headers.get("x"), "y");
  assertEquals(await response.text(), '{"a":[1,null,"\\ud800é"]}');
  assertEquals(Response.json(1, { headers: { "Content-Type": "x/y" } }).headers.get("content-type"), "x/y");
  for (const [value, text] of [
    [null, "null"],
    ["a", '"a"'],
    [0, "0"],
    [[], "[]"],
    [{ toJSON: () => 5 }, "5"],
    [NaN, "null"],
  ]) {
    assertEquals(await Response.json(value).text(), text);
  }
  assertEquals(Response.json.length, 1);
});

test("json refuses what has no JSON, and statuses without a body", () => {
  assertThrows(TypeError, () => Response.json());
  assertThrows(TypeError, () => Response.json(undefined));
  assertThrows(TypeError, () => Response.json(() => 0));
  assertThrows(TypeError, () => Response.json(Symbol("a")));
  assertThrows(TypeError, () => Response.json(1n));
  const circle = {};
  circle.self = circle;
  assertThrows(TypeError, () => Response.json(circle));
  const thrown = new Error("mine");
  assertThrowsExactly(thrown, () =>
    Response.json({
      toJSON() {
        throw thrown;
      },
    }),
  );
  for (const status of [204, 205, 304]) assertThrows(TypeError, () => Response.json({}, { status }));
  assertThrows(RangeError, () => Response.json({}, { status: 100 }));
});

test("clone is the same, apart", async () => {
  const response = new Response("text", { status: 404, statusText: "No", headers: { a: "1" } });
  const clone = response.clone();
  assertEquals(clone.status, 404);
  assertEquals(clone.statusText, "No");
  clone.headers.set("a", "2");
  assertEquals(response.headers.get("a"), "1");
  assertEquals(await clone.text(), "text");
  assertFalse(response.bodyUsed);
  assertEquals(await response.text(), "text");
  assertThrows(TypeError, () => response.clone());
  const locked = new Response("text");
  locked.body.getReader();
  assertThrows(TypeError, () => locked.clone());
  assertEquals(new Response().clone().body, null);
});

test("a clone of a clone of a stream has all of it", async () => {
  const stream = new ReadableStream({
    start(controller) {
      for (const text of ["a", "b", "c"]) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  const first = new Response(stream);
  const second = first.clone();
  const third = second.clone();
  assertEquals((await Promise.all([third.text(), first.text(), second.text()])).join(), "abc,abc,abc");
});

test("the statics are the class's own", () => {
  class Mine extends Response {}
  assertFalse(Mine.json(1) instanceof Mine);
  assertTrue(Mine.error() instanceof Response);
  const { error, json, redirect } = Response;
  assertEquals(error().type, "error");
  assertEquals(json(1).status, 200);
  assertEquals(redirect("http://a.test").status, 302);
});
