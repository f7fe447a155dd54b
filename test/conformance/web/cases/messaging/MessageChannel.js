// https://html.spec.whatwg.org/#messagechannel
import { assertEquals, assertNotEquals, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("has two ports, always the same", () => {
  const channel = new MessageChannel();
  assertTrue(channel.port1 instanceof MessagePort);
  assertTrue(channel.port2 instanceof MessagePort);
  assertNotEquals(channel.port1, channel.port2);
  assertEquals(channel.port1, channel.port1);
});

test("its ports are read from its instances alone, and cannot be set", () => {
  for (const name of ["port1", "port2"]) {
    const { get, set } = Object.getOwnPropertyDescriptor(MessageChannel.prototype, name);
    assertEquals(set, undefined, name);
    assertThrows(TypeError, () => get.call({}), name);
  }
  assertThrows(TypeError, () => MessageChannel());
});
