// https://websockets.spec.whatwg.org/#the-websocket-interface, as far as it needs no server
import { assertArrayEquals, assertEquals, assertThrows, assertThrowsDom, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const URL_OF_NOBODY = "wss://example.test/";

/** The events of a socket up to its close. */
function eventsOf(socket) {
  return new Promise((resolve) => {
    const events = [];
    for (const type of ["open", "message", "error", "close"]) {
      socket.addEventListener(type, (event) => {
        events.push(event);
        if (type === "close") resolve(events);
      });
    }
  });
}

test("is an interface of the global, and an EventTarget", () => {
  assertEquals(typeof WebSocket, "function");
  const { enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  assertArrayEquals([enumerable, configurable, writable], [false, true, true]);
  assertEquals(WebSocket.length, 1);
  assertEquals(WebSocket.name, "WebSocket");
  assertEquals(Object.getPrototypeOf(WebSocket), EventTarget);
  assertEquals(Object.getPrototypeOf(WebSocket.prototype), EventTarget.prototype);
  assertEquals(Object.prototype.toString.call(new WebSocket(URL_OF_NOBODY)), "[object WebSocket]");
});

test("needs new and a URL", () => {
  assertThrows(TypeError, () => WebSocket(URL_OF_NOBODY));
  assertThrows(TypeError, () => new WebSocket());
  assertThrows(TypeError, () => new WebSocket(Symbol()));
});

test("has constants on itself and its prototype", () => {
  const names = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
  for (const [value, name] of names.entries()) {
    for (const holder of [WebSocket, WebSocket.prototype]) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, name);
      assertEquals(descriptor.value, value);
      assertArrayEquals(
        [descriptor.enumerable, descriptor.configurable, descriptor.writable],
        [true, false, false],
        name,
      );
    }
  }
});

for (const [name, hasSetter] of [
  ["url", false],
  ["readyState", false],
  ["bufferedAmount", false],
  ["extensions", false],
  ["protocol", false],
  ["binaryType", true],
  ["onopen", true],
  ["onmessage", true],
  ["onerror", true],
  ["onclose", true],
]) {
  test(`${name} is an accessor of its prototype, for its instances alone`, () => {
    const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(WebSocket.prototype, name);
    assertEquals(typeof get, "function");
    assertEquals(set !== undefined, hasSetter);
    assertArrayEquals([enumerable, configurable], [true, true]);
    assertThrows(TypeError, () => get.call({}));
    assertThrows(TypeError, () => get.call(new EventTarget()));
  });
}

test("send and close are operations of its prototype, for its instances alone", () => {
  assertEquals(WebSocket.prototype.send.length, 1);
  assertEquals(WebSocket.prototype.close.length, 0);
  assertThrows(TypeError, () => WebSocket.prototype.send.call({}, "x"));
  assertThrows(TypeError, () => WebSocket.prototype.close.call({}));
});

for (const url of [
  "",
  "/relative",
  "example.test",
  "ftp://example.test/",
  "mailto:example@example.test",
  "about:blank",
  "wss://",
  "wss://exa mple.test/",
  "wss://example.test/#",
  "wss://example.test/#fragment",
  "https://example.test/#fragment",
  "wss://example.test:99999/",
]) {
  test(`a SyntaxError for the URL ${JSON.stringify(url)}`, () =>
    assertThrowsDom("SyntaxError", () => new WebSocket(url)));
}

for (const [url, expected] of [
  ["ws://example.test", "ws://example.test/"],
  ["wss://example.test/a?b", "wss://example.test/a?b"],
  ["http://example.test/a", "ws://example.test/a"],
  ["https://example.test/a", "wss://example.test/a"],
  ["HTTPS://EXAMPLE.test:443/", "wss://example.test/"],
  ["ws://example.test:80/", "ws://example.test/"],
  ["ws://example.test:8080/ä", "ws://example.test:8080/%C3%A4"],
]) {
  test(`url of ${url}`, () => assertEquals(new WebSocket(url).url, expected));
}

test("takes a URL object", () =>
  assertEquals(new WebSocket(new URL("https://example.test/x")).url, "wss://example.test/x"));

for (const protocols of [
  "",
  "a b",
  "a,b",
  "ä",
  "a/b",
  "a\u0000",
  "a\u007f",
  "(",
  ["a", "a"],
  ["a", "A"],
  ["a", ""],
  [""],
  [[]],
]) {
  test(`a SyntaxError for the sub-protocols ${JSON.stringify(protocols)}`, () =>
    assertThrowsDom("SyntaxError", () => new WebSocket(URL_OF_NOBODY, protocols)));
}

test("takes sub-protocols as a text, a list or what iterates", () => {
  for (const protocols of [undefined, "a", [], ["a", "b"], new Set(["a", "b"]), null, 1]) {
    assertEquals(new WebSocket(URL_OF_NOBODY, protocols).protocol, "");
  }
});

test("throws what the list of sub-protocols throws, after it looked at the URL", () => {
  const thrown = new RangeError("theirs");
  const protocols = {
    get [Symbol.iterator]() {
      throw thrown;
    },
  };
  let caught = null;
  try {
    new WebSocket(URL_OF_NOBODY, protocols);
  } catch (error) {
    caught = error;
  }
  assertEquals(caught, thrown);
});

test("begins to connect", () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  assertEquals(socket.readyState, WebSocket.CONNECTING);
  assertEquals(socket.bufferedAmount, 0);
  assertEquals(socket.protocol, "");
  assertEquals(socket.extensions, "");
  assertEquals(socket.binaryType, "blob");
  assertEquals(socket.onopen, null);
});

test("binaryType is blob or arraybuffer, and keeps its value where it is told another", () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  socket.binaryType = "arraybuffer";
  assertEquals(socket.binaryType, "arraybuffer");
  socket.binaryType = "text";
  assertEquals(socket.binaryType, "arraybuffer");
  socket.binaryType = "blob";
  assertEquals(socket.binaryType, "blob");
});

test("a handler that is no function is null", () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  socket.onmessage = "x";
  assertEquals(socket.onmessage, null);
  const handler = () => undefined;
  socket.onmessage = handler;
  assertEquals(socket.onmessage, handler);
});

test("send is an InvalidStateError while it connects", () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  for (const data of [
    "x",
    new ArrayBuffer(1),
    new Uint8Array(1),
    new DataView(new ArrayBuffer(1)),
    new Blob(),
    {},
    null,
  ]) {
    assertThrowsDom("InvalidStateError", () => socket.send(data));
  }
  assertThrows(TypeError, () => socket.send());
  assertThrows(TypeError, () => socket.send(Symbol()));
  assertEquals(socket.bufferedAmount, 0);
});

for (const code of [0, 500, 999, 1001, 1005, 1006, 1015, 2999, 5000, 65536, -1, Number.NaN, null, "string"]) {
  test(`close is an InvalidAccessError for the code ${String(code)}`, () => {
    const socket = new WebSocket(URL_OF_NOBODY);
    assertThrowsDom("InvalidAccessError", () => socket.close(code));
    assertEquals(socket.readyState, WebSocket.CONNECTING);
  });
}

for (const code of [undefined, 1000, 3000, 4999, 999.6, "3000", 3000.5]) {
  test(`close takes the code ${typeof code} ${String(code)}`, () => {
    const socket = new WebSocket(URL_OF_NOBODY);
    assertEquals(socket.close(code), undefined);
    assertEquals(socket.readyState, WebSocket.CLOSING);
  });
}

test("close takes a reason of 123 bytes of UTF-8 at most, also without a code", () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  assertThrowsDom("SyntaxError", () => socket.close(1000, "x".repeat(124)));
  assertThrowsDom("SyntaxError", () => socket.close(1000, "ä".repeat(62)));
  assertThrowsDom("SyntaxError", () => socket.close(undefined, "x".repeat(124)));
  assertThrows(TypeError, () => socket.close(1000, Symbol()));
  socket.close(undefined, "ä".repeat(61));
  assertEquals(socket.readyState, WebSocket.CLOSING);
});

test("fails by an error and a close, each once, and is then closed", async () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  const [error, close, ...more] = await eventsOf(socket);
  assertEquals(more.length, 0);
  assertEquals(error.type, "error");
  assertTrue(error instanceof Event);
  assertTrue(close instanceof CloseEvent);
  assertArrayEquals([close.code, close.reason, close.wasClean], [1006, "", false]);
  for (const event of [error, close]) {
    assertTrue(event.isTrusted);
    assertEquals(event.target, socket);
    assertArrayEquals([event.bubbles, event.cancelable], [false, false]);
  }
  assertEquals(socket.readyState, WebSocket.CLOSED);
});

test("closed while it connects, it fails in the same way", async () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  const events = eventsOf(socket);
  socket.close(3000, "mine");
  socket.close();
  assertEquals(socket.readyState, WebSocket.CLOSING);
  assertArrayEquals(
    (await events).map(({ type }) => type),
    ["error", "close"],
  );
});

test("after the close send counts what it is given, and close does nothing", async () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  await eventsOf(socket);
  socket.send("ä");
  socket.send(new Uint8Array(10));
  assertEquals(socket.bufferedAmount, 12);
  socket.close(4000);
  assertThrowsDom("InvalidAccessError", () => socket.close(1));
  assertEquals(socket.readyState, WebSocket.CLOSED);
});

test("handlers and listeners hear the same events in order", async () => {
  const socket = new WebSocket(URL_OF_NOBODY);
  const order = [];
  socket.onerror = () => order.push("onerror");
  socket.onclose = () => order.push("onclose");
  socket.addEventListener("close", () => order.push("listener"));
  await eventsOf(socket);
  assertArrayEquals(order, ["onerror", "onclose", "listener"]);
});

test("can be derived from", async () => {
  class Mine extends WebSocket {
    constructor() {
      super(URL_OF_NOBODY, "a");
    }
  }
  const socket = new Mine();
  assertTrue(socket instanceof Mine && socket instanceof WebSocket);
  assertEquals(socket.url, URL_OF_NOBODY);
  assertEquals((await eventsOf(socket)).length, 2);
});
