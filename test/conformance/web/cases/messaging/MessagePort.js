// https://html.spec.whatwg.org/#message-ports
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertThrows,
  assertThrowsDom,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

function heard(port) {
  return new Promise((resolve) => port.addEventListener("message", resolve, { once: true }));
}

test("cannot be made, and is an EventTarget", () => {
  assertThrows(TypeError, () => new MessagePort());
  assertTrue(new MessageChannel().port1 instanceof EventTarget);
});

test("onmessage starts it, and messages come in order, each in a task of its own", async () => {
  const { port1, port2 } = new MessageChannel();
  const order = [];
  const done = new Promise((resolve) => {
    port2.onmessage = ({ data }) => {
      order.push(data);
      queueMicrotask(() => order.push(`after ${data}`));
      if (data === 2) nextTask().then(resolve);
    };
  });
  port1.postMessage(1);
  port1.postMessage(2);
  order.push("posted");
  await done;
  assertArrayEquals(order, ["posted", 1, "after 1", 2, "after 2"]);
});

test("with addEventListener it waits for start", async () => {
  const { port1, port2 } = new MessageChannel();
  const message = heard(port2);
  let isHeard = false;
  message.then(() => {
    isHeard = true;
  });
  port1.postMessage("kept");
  await nextTask();
  await nextTask();
  assertFalse(isHeard);
  assertEquals(port2.start(), undefined);
  assertEquals((await message).data, "kept");
});

test("a message is a MessageEvent with a clone of what was sent", async () => {
  const { port1, port2 } = new MessageChannel();
  port2.start();
  const sent = { list: [1, new Date(5)], self: null };
  sent.self = sent;
  port1.postMessage(sent);
  sent.list = null;
  const event = await heard(port2);
  assertTrue(event instanceof MessageEvent);
  assertTrue(event.isTrusted);
  assertEquals(event.data.self, event.data);
  assertEquals(event.data.list[1].getTime(), 5);
  assertNotEquals(event.data, sent);
  assertEquals(event.origin, "");
  assertEquals(event.source, null);
});

test("both ways", async () => {
  const { port1, port2 } = new MessageChannel();
  port1.start();
  port2.start();
  port2.onmessage = ({ data }) => port2.postMessage(data * 2);
  port1.postMessage(21);
  assertEquals((await heard(port1)).data, 42);
});

test("a buffer that is transferred is away here and there there", async () => {
  const { port1, port2 } = new MessageChannel();
  port2.start();
  const buffer = Uint8Array.of(1, 2, 3).buffer;
  port1.postMessage(buffer, [buffer]);
  assertEquals(buffer.byteLength, 0);
  assertArrayEquals(new Uint8Array((await heard(port2)).data), [1, 2, 3]);
  const other = new ArrayBuffer(1);
  port1.postMessage(other, { transfer: [other] });
  assertTrue(other.detached);
});

test("a port that is transferred goes on with what it had not delivered", async () => {
  const outer = new MessageChannel();
  const inner = new MessageChannel();
  outer.port2.start();
  inner.port1.postMessage("before");
  outer.port1.postMessage({ port: inner.port2 }, [inner.port2]);
  inner.port1.postMessage("after");
  const { data, ports } = await heard(outer.port2);
  assertEquals(data.port, ports[0]);
  const texts = [];
  await new Promise((resolve) => {
    data.port.onmessage = (event) => {
      texts.push(event.data);
      if (texts.length === 2) resolve();
    };
  });
  assertArrayEquals(texts, ["before", "after"]);
});

test("what cannot be cloned throws, and nothing is sent", () => {
  const { port1 } = new MessageChannel();
  assertThrowsDom("DataCloneError", () => port1.postMessage(() => {}));
  assertThrowsDom("DataCloneError", () => port1.postMessage(Symbol("x")));
  assertThrowsDom("DataCloneError", () => port1.postMessage(null, [port1]));
  assertThrowsDom("DataCloneError", () => port1.postMessage(null, [{}]));
  assertThrows(TypeError, () => port1.postMessage());
  assertThrows(TypeError, () => port1.postMessage(null, 1));
});

test("after close nothing comes, and the other end hears of it", async () => {
  const { port1, port2 } = new MessageChannel();
  let isHeard = false;
  port1.onmessage = () => {
    isHeard = true;
  };
  const closed = new Promise((resolve) => {
    port2.onclose = resolve;
  });
  port2.start();
  assertEquals(port1.close(), undefined);
  port2.postMessage("late");
  assertEquals((await closed).type, "close");
  await nextTask();
  assertFalse(isHeard);
  port1.close();
  port1.postMessage("nobody");
});

test("its handlers are attributes, null at first", () => {
  const { port1 } = new MessageChannel();
  for (const name of ["onmessage", "onmessageerror", "onclose"]) {
    assertEquals(port1[name], null, name);
    const handler = () => {};
    port1[name] = handler;
    assertEquals(port1[name], handler, name);
    port1[name] = 1;
    assertEquals(port1[name], null, name);
  }
});

test("its members are for ports alone", () => {
  for (const name of ["onmessage", "onmessageerror", "onclose"]) {
    const { get } = Object.getOwnPropertyDescriptor(MessagePort.prototype, name);
    assertThrows(TypeError, () => get.call(new EventTarget()), name);
  }
  for (const name of ["postMessage", "start", "close"]) {
    assertThrows(TypeError, () => MessagePort.prototype[name].call({}, 1), name);
  }
});
