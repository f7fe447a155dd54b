// https://dom.spec.whatwg.org/#interface-eventtarget
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertThrows,
  assertThrowsDom,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

function heardBy(add) {
  const target = new EventTarget();
  const heard = [];
  add(target, heard);
  return { target, heard };
}

test("listeners hear in the order in which they were added, each once", () => {
  const { target, heard } = heardBy((it, list) => {
    const first = () => list.push(1);
    it.addEventListener("kind", first);
    it.addEventListener("kind", () => list.push(2));
    it.addEventListener("kind", first);
  });
  target.dispatchEvent(new Event("kind"));
  assertArrayEquals(heard, [1, 2]);
});

test("the same listener counts twice if it captures once", () => {
  const { target, heard } = heardBy((it, list) => {
    const listener = () => list.push(1);
    it.addEventListener("kind", listener, false);
    it.addEventListener("kind", listener, true);
    it.addEventListener("kind", listener, { capture: true });
  });
  target.dispatchEvent(new Event("kind"));
  assertEquals(heard.length, 2);
});

test("one that captures hears before others", () => {
  const { target, heard } = heardBy((it, list) => {
    it.addEventListener("kind", () => list.push("bubble"));
    it.addEventListener("kind", () => list.push("capture"), { capture: true });
  });
  target.dispatchEvent(new Event("kind"));
  assertArrayEquals(heard, ["capture", "bubble"]);
});

test("once is once, also when the event is dispatched again from within", () => {
  const { target, heard } = heardBy((it, list) => {
    it.addEventListener(
      "kind",
      () => {
        list.push(1);
        if (list.length < 3) it.dispatchEvent(new Event("kind"));
      },
      { once: true },
    );
  });
  target.dispatchEvent(new Event("kind"));
  target.dispatchEvent(new Event("kind"));
  assertArrayEquals(heard, [1]);
});

test("a passive one cannot cancel", () => {
  const target = new EventTarget();
  target.addEventListener("kind", (event) => event.preventDefault(), { passive: true });
  assertTrue(target.dispatchEvent(new Event("kind", { cancelable: true })));
});

test("a signal removes its listeners when it aborts; one that is aborted adds none", () => {
  const controller = new AbortController();
  const { target, heard } = heardBy((it, list) => {
    it.addEventListener("kind", () => list.push(1), { signal: controller.signal });
  });
  target.dispatchEvent(new Event("kind"));
  controller.abort();
  target.dispatchEvent(new Event("kind"));
  target.addEventListener("kind", () => heard.push(2), { signal: controller.signal });
  target.dispatchEvent(new Event("kind"));
  assertArrayEquals(heard, [1]);
  assertThrows(TypeError, () => target.addEventListener("kind", () => {}, { signal: null }));
  assertThrows(TypeError, () => target.addEventListener("kind", null, { signal: {} }));
});

test("removeEventListener removes the one of the same type, callback and capture", () => {
  const listener = () => heard.push(1);
  const { target, heard } = heardBy((it) => {
    it.addEventListener("kind", listener);
    it.addEventListener("kind", listener, true);
  });
  target.removeEventListener("other", listener);
  target.removeEventListener("kind", () => {});
  target.removeEventListener("kind", listener, { capture: true });
  target.dispatchEvent(new Event("kind"));
  assertArrayEquals(heard, [1]);
});

test("one that is removed while the event is dispatched does not hear it; one that is added hears the next", () => {
  const later = () => heard.push("later");
  const { target, heard } = heardBy((it, list) => {
    it.addEventListener("kind", () => {
      list.push("first");
      it.removeEventListener("kind", removed);
      it.addEventListener("kind", later);
    });
    const removed = () => list.push("removed");
    it.addEventListener("kind", removed);
  });
  target.dispatchEvent(new Event("kind"));
  assertArrayEquals(heard, ["first"]);
});

test("an object with handleEvent is a listener, read when it is called", () => {
  const target = new EventTarget();
  const listener = {};
  let self;
  target.addEventListener("kind", listener);
  listener.handleEvent = function () {
    self = this;
  };
  target.dispatchEvent(new Event("kind"));
  assertEquals(self, listener);
});

test("this of a function is the target", () => {
  const target = new EventTarget();
  let self;
  target.addEventListener("kind", function () {
    self = this;
  });
  target.dispatchEvent(new Event("kind"));
  assertEquals(self, target);
});

test("null is no listener, and anything else but an object throws", () => {
  const target = new EventTarget();
  assertEquals(target.addEventListener("kind", null), undefined);
  assertEquals(target.addEventListener("kind", undefined), undefined);
  assertEquals(target.removeEventListener("kind", null), undefined);
  assertThrows(TypeError, () => target.addEventListener("kind", "listener"));
  assertThrows(TypeError, () => target.addEventListener("kind"));
});

test("dispatchEvent answers whether nobody cancelled", () => {
  const target = new EventTarget();
  assertTrue(target.dispatchEvent(new Event("kind", { cancelable: true })));
  target.addEventListener("kind", (event) => event.preventDefault());
  assertFalse(target.dispatchEvent(new Event("kind", { cancelable: true })));
  assertTrue(target.dispatchEvent(new Event("kind")));
});

test("an event that is being dispatched cannot be again, and afterwards it can", () => {
  const target = new EventTarget();
  const event = new Event("kind");
  target.addEventListener("kind", () => assertThrowsDom("InvalidStateError", () => target.dispatchEvent(event)), {
    once: true,
  });
  target.dispatchEvent(event);
  assertTrue(target.dispatchEvent(event));
  assertThrows(TypeError, () => target.dispatchEvent({ type: "kind" }));
  assertThrows(TypeError, () => target.dispatchEvent(null));
});

test("what a listener throws is reported, and the others hear", async () => {
  const reported = [];
  const report = (event) => {
    event.preventDefault();
    reported.push(event.error);
  };
  addEventListener("error", report);
  const target = new EventTarget();
  const thrown = new Error("of a listener");
  target.addEventListener("kind", () => {
    throw thrown;
  });
  let isHeard = false;
  target.addEventListener("kind", () => {
    isHeard = true;
  });
  assertTrue(target.dispatchEvent(new Event("kind")));
  await nextTask();
  removeEventListener("error", report);
  assertTrue(isHeard);
  assertArrayEquals(reported, [thrown]);
});

test("options are read in the order of their names, and a boolean is capture", () => {
  const read = [];
  const options = new Proxy(
    {},
    {
      get(_, name) {
        read.push(name);
        return undefined;
      },
    },
  );
  new EventTarget().addEventListener("kind", () => {}, options);
  assertArrayEquals([...read].sort(), ["capture", "once", "passive", "signal"]);
});

test("its methods are for targets alone", () => {
  assertThrows(TypeError, () => EventTarget.prototype.addEventListener.call({}, "kind", () => {}));
  assertThrows(TypeError, () => EventTarget.prototype.dispatchEvent.call({}, new Event("kind")));
  assertThrows(TypeError, () => EventTarget());
});
