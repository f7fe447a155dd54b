// https://html.spec.whatwg.org/#messageevent
import { assertArrayEquals, assertEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("has what it was made with", () => {
  const { port1, port2 } = new MessageChannel();
  const data = { a: 1 };
  const event = new MessageEvent("message", {
    data,
    origin: "o",
    lastEventId: "7",
    source: port1,
    ports: [port1, port2],
  });
  assertTrue(event instanceof Event);
  assertEquals(event.data, data);
  assertEquals(event.origin, "o");
  assertEquals(event.lastEventId, "7");
  assertEquals(event.source, port1);
  assertArrayEquals(event.ports, [port1, port2]);
});

test("has null, empty texts and no ports where nothing was said", () => {
  const event = new MessageEvent("message");
  assertEquals(event.data, null);
  assertEquals(event.origin, "");
  assertEquals(event.lastEventId, "");
  assertEquals(event.source, null);
  assertArrayEquals(event.ports, []);
});

test("ports is one frozen array", () => {
  const event = new MessageEvent("message", { ports: [] });
  assertEquals(event.ports, event.ports);
  assertTrue(Object.isFrozen(event.ports));
});

test("a source or a port that is none throws", () => {
  assertThrows(TypeError, () => new MessageEvent("message", { source: {} }));
  assertThrows(TypeError, () => new MessageEvent("message", { ports: [1] }));
  assertThrows(TypeError, () => new MessageEvent("message", { ports: 1 }));
});

test("initMessageEvent sets all of it", () => {
  const { port1 } = new MessageChannel();
  const event = new MessageEvent("message");
  event.initMessageEvent("other", true, true, 1, "o", "id", port1, [port1]);
  assertEquals(event.type, "other");
  assertTrue(event.bubbles && event.cancelable);
  assertEquals(event.data, 1);
  assertEquals(event.origin, "o");
  assertEquals(event.lastEventId, "id");
  assertEquals(event.source, port1);
  assertArrayEquals(event.ports, [port1]);
  assertThrows(TypeError, () => event.initMessageEvent());
});

test("its members are for its instances", () => {
  for (const name of ["data", "origin", "lastEventId", "source", "ports"]) {
    const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, name);
    assertThrows(TypeError, () => get.call(new Event("message")), name);
  }
});
