// https://html.spec.whatwg.org/#timers
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertThrows,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("setTimeout calls once, with its arguments, in a task", async () => {
  const order = [];
  await new Promise((resolve) => {
    setTimeout(
      (a, b) => {
        order.push(a, b);
        resolve();
      },
      0,
      "a",
      "b",
    );
    queueMicrotask(() => order.push("microtask"));
    order.push("code");
  });
  assertArrayEquals(order, ["code", "microtask", "a", "b"]);
});

test("timers of the same delay fire in order, and shorter ones before longer", async () => {
  const order = [];
  setTimeout(() => order.push("long"), 30);
  setTimeout(() => order.push(1), 1);
  setTimeout(() => order.push(2), 1);
  await later(60);
  assertArrayEquals(order, [1, 2, "long"]);
});

test("a handle is a positive number, another for each", () => {
  const first = setTimeout(() => {});
  const second = setInterval(() => {}, 1_000);
  assertTrue(Number.isInteger(first) && first > 0);
  assertTrue(second !== first);
  clearTimeout(first);
  clearInterval(second);
});

test("clearTimeout and clearInterval are the same, and forgive", async () => {
  let isCalled = false;
  const call = () => {
    isCalled = true;
  };
  clearInterval(setTimeout(call, 0));
  clearTimeout(setInterval(call, 0));
  clearTimeout(undefined);
  clearTimeout(-5);
  clearTimeout(Number.NaN);
  clearInterval("nothing");
  await nextTask();
  await nextTask();
  assertFalse(isCalled);
});

test("setInterval calls until it is cleared, also from within", async () => {
  let count = 0;
  await new Promise((resolve) => {
    const handle = setInterval(() => {
      count += 1;
      if (count < 3) return;
      clearInterval(handle);
      resolve();
    }, 1);
  });
  await later(10);
  assertEquals(count, 3);
});

test("a delay that is no number, negative or beyond 31 bits is 0 at once", async () => {
  for (const delay of [undefined, null, "x", Number.NaN, -100, 2 ** 31, {}]) {
    await new Promise((resolve) => setTimeout(resolve, delay));
  }
});

test("a delay is converted as a number", async () => {
  let isRead = false;
  await new Promise((resolve) =>
    setTimeout(resolve, {
      valueOf() {
        isRead = true;
        return 1;
      },
    }),
  );
  assertTrue(isRead);
});

test("this is the global, and the result is ignored", async () => {
  let self;
  await new Promise((resolve) =>
    setTimeout(function () {
      self = this;
      resolve();
      return Promise.reject;
    }, 0),
  );
  assertEquals(self, globalThis);
});

test("what is no function is refused: texts are not code here", () => {
  assertThrows(TypeError, () => setTimeout("1 + 1"));
  assertThrows(TypeError, () => setInterval(null, 1));
  assertThrows(TypeError, () => setTimeout());
});

test("what a callback throws is reported, and the next one runs", async () => {
  const reported = [];
  const listener = (event) => {
    event.preventDefault();
    reported.push(event.error.message);
  };
  addEventListener("error", listener);
  setTimeout(() => {
    throw new Error("of a timer");
  }, 0);
  await later(5);
  removeEventListener("error", listener);
  assertArrayEquals(reported, ["of a timer"]);
});

test("timers set by timers do not starve others", async () => {
  let isOther = false;
  let rounds = 0;
  const spin = () => {
    rounds += 1;
    if (!isOther && rounds < 1_000) setTimeout(spin, 0);
  };
  setTimeout(spin, 0);
  setTimeout(() => {
    isOther = true;
  }, 1);
  await later(20);
  assertTrue(isOther);
});
