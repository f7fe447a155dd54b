// https://html.spec.whatwg.org/#microtask-queuing
import { assertArrayEquals, assertEquals, assertThrows, nextTask, test } from "../../testharness.js";

export { default } from "../../testharness.js";

test("runs after the code and before tasks, in order with promises", async () => {
  const order = [];
  setTimeout(() => order.push("task"), 0);
  queueMicrotask(() => order.push(1));
  Promise.resolve().then(() => order.push(2));
  queueMicrotask(() => {
    order.push(3);
    queueMicrotask(() => order.push(5));
  });
  Promise.resolve().then(() => order.push(4));
  order.push("code");
  await nextTask();
  assertArrayEquals(order, ["code", 1, 2, 3, 4, 5, "task"]);
});

test("calls without arguments, and answers nothing", async () => {
  let args;
  assertEquals(
    queueMicrotask((...given) => {
      args = given;
    }),
    undefined,
  );
  await null;
  assertArrayEquals(args, []);
});

test("takes a function", () => {
  assertThrows(TypeError, () => queueMicrotask());
  assertThrows(TypeError, () => queueMicrotask(null));
  assertThrows(TypeError, () => queueMicrotask("code"));
});

test("what it throws is reported, and later ones run", async () => {
  const heard = [];
  const listener = (event) => {
    event.preventDefault();
    heard.push(event.message);
  };
  addEventListener("error", listener);
  queueMicrotask(() => {
    throw new Error("of a microtask");
  });
  queueMicrotask(() => heard.push("next"));
  await nextTask();
  removeEventListener("error", listener);
  assertEquals(heard.length, 2);
  assertEquals(heard.includes("next"), true);
});
