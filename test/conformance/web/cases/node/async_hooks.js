import hooks, { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
// biome-ignore lint/style/useNodejsImportProtocol: packages name it so
import hooksByName, { AsyncLocalStorage as ByName } from "async_hooks";
import {
  assertArrayEquals,
  assertEquals,
  assertFalse,
  assertRejects,
  assertRejectsExactly,
  assertThrows,
  assertThrowsExactly,
  assertTrue,
  nextTask,
  test,
} from "../../testharness.js";

export { default } from "../../testharness.js";

const storage = new AsyncLocalStorage();
const other = new AsyncLocalStorage();

/** What a callback sees that is started in `run`. */
function seenBy(start) {
  return new Promise((resolve, reject) => {
    storage.run("store", () => start(() => resolve(storage.getStore()), reject));
  });
}

function descriptorOf(object, name) {
  return Object.getOwnPropertyDescriptor(object, name);
}

// The module

test("the module has the two classes, by both names and as default", () => {
  assertEquals(hooks.AsyncLocalStorage, AsyncLocalStorage);
  assertEquals(hooks.AsyncResource, AsyncResource);
  assertEquals(ByName, AsyncLocalStorage);
  assertEquals(hooksByName, hooks);
  assertEquals(Object.keys(hooks).sort().join(), "AsyncLocalStorage,AsyncResource");
});

test("AsyncLocalStorage is a class", () => {
  assertEquals(AsyncLocalStorage.name, "AsyncLocalStorage");
  assertThrows(TypeError, () => AsyncLocalStorage());
  class Mine extends AsyncLocalStorage {}
  assertEquals(
    new Mine().run(1, () => 2),
    2,
  );
});

test("the methods of AsyncLocalStorage have their lengths and are not enumerable", () => {
  const lengths = { getStore: 0, run: 2, exit: 1, enterWith: 1, disable: 0 };
  for (const [name, length] of Object.entries(lengths)) {
    assertEquals(AsyncLocalStorage.prototype[name].length, length, name);
    assertFalse(descriptorOf(AsyncLocalStorage.prototype, name).enumerable, name);
  }
  assertEquals(AsyncLocalStorage.bind.length, 1);
  assertEquals(AsyncLocalStorage.snapshot.length, 0);
});

test("the methods refuse what is no AsyncLocalStorage", () => {
  for (const name of ["getStore", "run", "exit", "enterWith", "disable"]) {
    assertThrows(TypeError, () => AsyncLocalStorage.prototype[name].call({}, 1, () => 1), name);
  }
});

test("a default value and a name are taken from the options", () => {
  const named = new AsyncLocalStorage({ defaultValue: "none", name: "mine" });
  assertEquals(named.name, "mine");
  assertEquals(named.getStore(), "none");
  assertEquals(
    named.run("store", () => named.getStore()),
    "store",
  );
  assertEquals(new AsyncLocalStorage().name, "");
  assertThrows(TypeError, () => new AsyncLocalStorage(1));
  assertThrows(TypeError, () => new AsyncLocalStorage({ name: 1 }));
});

// run, exit, enterWith, disable

test("without run there is no store", () => {
  assertEquals(storage.getStore(), undefined);
});

test("run calls with the arguments, answers what the callback answers and takes the store away", () => {
  const answer = storage.run({ id: 1 }, (...args) => [storage.getStore().id, ...args], 2, 3);
  assertArrayEquals(answer, [1, 2, 3]);
  assertEquals(storage.getStore(), undefined);
});

test("run gives a store back when its callback throws", () => {
  const thrown = new Error("mine");
  assertThrowsExactly(thrown, () =>
    storage.run(1, () => {
      throw thrown;
    }),
  );
  assertEquals(storage.getStore(), undefined);
});

test("runs nest", () => {
  storage.run(1, () => {
    storage.run(2, () => assertEquals(storage.getStore(), 2));
    assertEquals(storage.getStore(), 1);
    storage.exit(() => assertEquals(storage.getStore(), undefined));
    assertEquals(storage.getStore(), 1);
  });
});

test("exit calls with the arguments", () => {
  assertArrayEquals(
    storage.exit((...args) => args, 1, 2),
    [1, 2],
  );
});

test("storages do not know of each other", () => {
  storage.run(1, () => {
    other.run(2, () => {
      assertArrayEquals([storage.getStore(), other.getStore()], [1, 2]);
      storage.exit(() => assertArrayEquals([storage.getStore(), other.getStore()], [undefined, 2]));
    });
    assertEquals(other.getStore(), undefined);
  });
});

test("what is no function is refused with Node's code", () => {
  for (const call of [
    () => storage.run(1, 2),
    () => storage.exit(1),
    () => AsyncLocalStorage.bind(1),
    () => AsyncLocalStorage.snapshot()(1),
    () => new AsyncResource(1),
    () => new AsyncResource("t").bind(1),
    () => new AsyncResource("t").runInAsyncScope(1),
  ]) {
    let code;
    try {
      call();
    } catch (error) {
      assertTrue(error instanceof TypeError);
      code = error.code;
    }
    assertEquals(code, "ERR_INVALID_ARG_TYPE", String(call));
  }
});

test("enterWith lasts for what follows, waits included", () =>
  storage.run("store", async () => {
    const callee = async () => storage.enterWith("entered");
    callee();
    assertEquals(storage.getStore(), "entered");
    await nextTask();
    assertEquals(storage.getStore(), "entered");
  }));

test("enterWith after a wait ends with its function", async () => {
  const inner = async () => {
    await null;
    storage.enterWith("inner");
    await null;
    return storage.getStore();
  };
  assertEquals(await inner(), "inner");
  assertEquals(storage.getStore(), undefined);
});

test("enterWith in run does not outlive it", () => {
  storage.run(1, () => storage.enterWith(2));
  assertEquals(storage.getStore(), undefined);
});

test("enterWith in a reaction is gone in the next", async () => {
  const seen = [];
  await Promise.resolve().then(() => storage.enterWith("leak"));
  seen.push(storage.getStore());
  await Promise.resolve()
    .then(() => storage.enterWith("leak"))
    .then(() => seen.push(storage.getStore()));
  assertArrayEquals(seen, [undefined, undefined]);
});

test("disable puts stores out of reach, until the next run", () => {
  const mine = new AsyncLocalStorage();
  mine.run(1, () => {
    mine.disable();
    assertEquals(mine.getStore(), undefined);
    assertEquals(
      mine.run(2, () => mine.getStore()),
      2,
    );
  });
});

// Waits

test("await keeps the store", () =>
  storage.run("store", async () => {
    await null;
    assertEquals(storage.getStore(), "store");
    await Promise.resolve();
    assertEquals(storage.getStore(), "store");
    await nextTask();
    assertEquals(storage.getStore(), "store");
  }));

test("await of a rejection keeps the store in catch and finally", () =>
  storage.run("store", async () => {
    const seen = [];
    try {
      await Promise.reject(new Error("mine"));
    } catch {
      seen.push(storage.getStore());
    } finally {
      seen.push(storage.getStore());
      await null;
      seen.push(storage.getStore());
    }
    assertArrayEquals(seen, ["store", "store", "store"]);
  }));

test("a caller's store stays as it was while its callee waits", async () => {
  const waiting = storage.run("callee", async () => {
    await nextTask();
    return storage.getStore();
  });
  assertEquals(storage.getStore(), undefined);
  assertEquals(await waiting, "callee");
  assertEquals(storage.getStore(), undefined);
});

test("one promise that two await gives each its own store", async () => {
  const { promise, resolve } = Promise.withResolvers();
  const wait = (store) =>
    storage.run(store, async () => {
      await promise;
      return storage.getStore();
    });
  const both = Promise.all([wait("a"), wait("b")]);
  storage.run("resolver", () => resolve());
  assertArrayEquals(await both, ["a", "b"]);
});

test("methods, arrows, static methods and private ones keep the store", () =>
  storage.run("store", async () => {
    class Thing {
      #own = async () => {
        await null;
        return storage.getStore();
      };
      async method(value = storage.getStore()) {
        await null;
        return [this instanceof Thing, value, await this.#own()].join();
      }
      static async make() {
        await null;
        return storage.getStore();
      }
      get later() {
        return (async () => {
          await null;
          return [this instanceof Thing, storage.getStore()].join();
        })();
      }
    }
    class Sub extends Thing {
      async method() {
        await null;
        return super.method();
      }
    }
    assertEquals(await new Sub().method(), "true,store,store");
    assertEquals(await Thing.make(), "store");
    assertEquals(await new Thing().later, "true,store");
  }));

test("an async function has its this, its arguments, its name and its length", async () => {
  async function named(first, second) {
    await null;
    // biome-ignore lint/complexity/noArguments: what is lowered has them
    return [this.own, arguments.length, first, second].join();
  }
  assertEquals(await named.call({ own: "me" }, 1, 2), "me,2,1,2");
  assertEquals(named.name, "named");
  assertEquals(named.length, 2);
});

test("what an async function throws at once is a rejection", async () => {
  const thrown = new Error("mine");
  await assertRejectsExactly(
    thrown,
    (async () => {
      throw thrown;
    })(),
  );
});

test("an async function answers with a Promise of the app", () => {
  const answer = (async () => 1)();
  assertEquals(Object.getPrototypeOf(answer), Promise.prototype);
  assertEquals(answer.constructor, Promise);
});

test("await takes as many turns as the engine's", async () => {
  const order = [];
  const first = (async () => {
    await null;
    order.push("a1");
    await null;
    order.push("a2");
  })();
  const second = Promise.resolve()
    .then(() => order.push("b1"))
    .then(() => order.push("b2"));
  await Promise.all([first, second]);
  assertEquals(order.join(), "a1,b1,a2,b2");
});

test("await of a promise whose constructor throws, throws it", async () => {
  const promise = Promise.resolve(1);
  const thrown = new Error("mine");
  Object.defineProperty(promise, "constructor", {
    get() {
      throw thrown;
    },
  });
  let caught;
  try {
    await promise;
  } catch (error) {
    caught = error;
  }
  assertEquals(caught, thrown);
});

// Promises

test("then, catch and finally keep the store", async () => {
  const seen = await storage.run("store", () => {
    const list = [];
    const note = () => list.push(storage.getStore());
    return nextTask()
      .then(note)
      .then(() => Promise.reject(new Error("mine")))
      .catch(note)
      .finally(note)
      .then(() => list);
  });
  assertArrayEquals(seen, ["store", "store", "store"]);
});

test("a reaction sees the store of where it was added, not of where it is settled", async () => {
  const { promise, resolve } = Promise.withResolvers();
  const added = storage.run("added", () => promise.then(() => storage.getStore()));
  storage.run("settled", resolve);
  assertEquals(await added, "added");
});

test("all, allSettled, race and any keep the store", () =>
  storage.run("store", async () => {
    const make = async (value) => {
      await nextTask();
      return `${value} ${storage.getStore()}`;
    };
    assertArrayEquals(await Promise.all([make(1), make(2)]), ["1 store", "2 store"]);
    assertEquals(await Promise.race([make(1), make(2)]), "1 store");
    assertEquals(await Promise.any([Promise.reject(new Error("no")), make(2)]), "2 store");
    const [settled] = await Promise.allSettled([make(1)]);
    assertEquals(settled.value, "1 store");
    assertEquals(storage.getStore(), "store");
  }));

test("Promise.prototype.then and Promise.resolve are as the language has them", async () => {
  const then = descriptorOf(Promise.prototype, "then");
  assertTrue(then.writable && then.configurable && !then.enumerable);
  assertEquals(then.value.name, "then");
  assertEquals(then.value.length, 2);
  assertFalse(Object.hasOwn(then.value, "prototype"));
  assertThrows(TypeError, () => then.value.call({}));
  assertEquals(Promise.resolve.name, "resolve");
  assertEquals(Promise.resolve.length, 1);
  assertThrows(TypeError, () => Promise.resolve.call(undefined, 1));
  class Mine extends Promise {}
  assertTrue(Mine.resolve(1) instanceof Mine);
  assertTrue(Mine.resolve(1).then() instanceof Mine);
  const promise = Promise.resolve(1);
  assertEquals(Promise.resolve(promise), promise);
  assertEquals(await promise.then(null, undefined), 1);
});

test("thenables are called with the store of who waits", () =>
  storage.run("store", async () => {
    const seen = [];
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: it is one
      then(resolve) {
        seen.push(storage.getStore());
        resolve("value");
      },
    };
    assertEquals(await thenable, "value");
    assertEquals(await Promise.resolve(thenable), "value");
    assertArrayEquals(await Promise.all([thenable]), ["value"]);
    assertEquals(await Promise.resolve().then(() => thenable), "value");
    assertEquals(await (async () => thenable)(), "value");
    assertArrayEquals(seen, Array(5).fill("store"));
    assertEquals(storage.getStore(), "store");
  }));

test("a thenable is looked at once, and may throw", () =>
  storage.run("store", async () => {
    let reads = 0;
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: it is one
      get then() {
        reads++;
        return (resolve) => resolve(reads);
      },
    };
    assertEquals(await thenable, 1);
    const thrown = new Error("mine");
    const bad = {
      // biome-ignore lint/suspicious/noThenProperty: it is one
      get then() {
        throw thrown;
      },
    };
    await assertRejectsExactly(thrown, Promise.resolve(bad));
    await assertRejectsExactly(thrown, (async () => bad)());
  }));

test("hostile values that are awaited stay values", () =>
  storage.run("store", async () => {
    const revocable = Proxy.revocable({}, {});
    revocable.revoke();
    await assertRejects(
      TypeError,
      (async () => {
        await revocable.proxy;
      })(),
    );
    const bare = Object.create(null);
    assertEquals(await bare, bare);
    assertEquals(storage.getStore(), "store");
  }));

// Async generators

test("async generators see the store of who asks, and their own after a wait", () =>
  storage.run("store", async () => {
    async function* generate() {
      yield storage.getStore();
      await nextTask();
      yield storage.getStore();
      try {
        yield 1;
      } finally {
        await null;
        seen.push(storage.getStore());
      }
    }
    const seen = [];
    for await (const value of generate()) {
      seen.push(value, storage.getStore());
      if (value === 1) break;
    }
    assertArrayEquals(seen, ["store", "store", "store", "store", 1, "store", "store"]);
    assertEquals(storage.getStore(), "store");
  }));

test("a generator that two requests take from gives each its own store", async () => {
  async function* generate() {
    for (;;) {
      await nextTask();
      yield storage.getStore();
    }
  }
  const shared = generate();
  const take = (store) => storage.run(store, async () => (await shared.next()).value);
  assertArrayEquals(await Promise.all([take("a"), take("b")]), ["a", "b"]);
});

test("yield* of an async generator keeps the store", () =>
  storage.run("store", async () => {
    async function* inner() {
      await null;
      yield storage.getStore();
      return "returned";
    }
    async function* outer() {
      const value = yield* inner();
      yield `${value} ${storage.getStore()}`;
    }
    const seen = [];
    for await (const value of outer()) seen.push(value);
    assertArrayEquals(seen, ["store", "returned store"]);
  }));

test("for await takes arrays of promises and closes what it leaves", () =>
  storage.run("store", async () => {
    const seen = [];
    for await (const value of [Promise.resolve(1), 2]) seen.push(value, storage.getStore());
    assertArrayEquals(seen, [1, "store", 2, "store"]);
    let isClosed = false;
    const iterable = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: storage.getStore() }),
        return: async () => {
          isClosed = storage.getStore() === "store";
          return {};
        },
      }),
    };
    outer: for await (const value of iterable) {
      for (;;) {
        assertEquals(value, "store");
        break outer;
      }
    }
    assertTrue(isClosed);
  }));

test("return runs a finally block to its end, waits and delegates included", async () => {
  const seen = [];
  async function* cleanup() {
    yield "cleaning";
    await null;
    seen.push("cleaned");
  }
  async function* generate() {
    try {
      yield 1;
    } finally {
      await null;
      seen.push("waited");
      yield* cleanup();
      seen.push("end");
    }
  }
  const generator = generate();
  await generator.next();
  assertEquals((await generator.return("returned")).value, "cleaning");
  const { value, done } = await generator.next();
  assertArrayEquals([value, done], ["returned", true]);
  assertArrayEquals(seen, ["waited", "cleaned", "end"]);
});

test("throw is caught by the body, or ends the generator", async () => {
  async function* generate() {
    try {
      yield 1;
    } catch (reason) {
      await null;
      yield `caught ${reason}`;
    }
  }
  const generator = generate();
  await generator.next();
  assertEquals((await generator.throw("mine")).value, "caught mine");
  await assertRejectsExactly("again", generator.throw("again"));
  assertTrue((await generator.next()).done);
});

test("yield awaits, and throws into the body what is rejected", async () => {
  async function* generate() {
    try {
      yield Promise.reject(new Error("mine"));
    } catch ({ message }) {
      yield Promise.resolve(message);
    }
  }
  assertEquals((await generate().next()).value, "mine");
});

test("requests to a generator are answered in their order", async () => {
  async function* generate() {
    await nextTask();
    yield 1;
    yield 2;
    return 3;
  }
  const generator = generate();
  const answers = await Promise.all([generator.next(), generator.next(), generator.next(), generator.next()]);
  assertEquals(answers.map(({ value, done }) => `${value} ${done}`).join(), "1 false,2 false,3 true,undefined true");
  const many = await Promise.all(Array.from({ length: 20_000 }, () => generator.next()));
  assertTrue(many.every(({ done }) => done));
});

test("a generator that asks itself is answered after what it does", async () => {
  let asked;
  async function* generate() {
    asked = generator.next();
    yield 1;
    yield 2;
  }
  const generator = generate();
  assertEquals((await generator.next()).value, 1);
  assertEquals((await asked).value, 2);
});

test("yield* hands on throw and return, and closes an iterator without throw", async () => {
  const calls = [];
  const iterable = (methods) => ({ [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1 }), ...methods }) });
  async function* delegate(inner) {
    return yield* inner;
  }
  const caught = delegate(iterable({ throw: async (value) => ({ value, done: true }) }));
  await caught.next();
  assertEquals((await caught.throw("thrown")).value, "thrown");
  const returned = delegate(iterable({ return: async (value) => ({ value: `${value} back`, done: true }) }));
  await returned.next();
  assertEquals((await returned.return("returned")).value, "returned back");
  const closed = delegate(iterable({ return: () => calls.push("closed") }));
  await closed.next();
  await assertRejects(TypeError, closed.throw("thrown"));
  assertArrayEquals(calls, ["closed"]);
});

test("an async generator is one", () => {
  async function* generate() {}
  const generator = generate();
  assertEquals(Object.prototype.toString.call(generator), "[object AsyncGenerator]");
  assertEquals(generator[Symbol.asyncIterator](), generator);
  assertEquals(Object.keys(generator).length, 0);
});

// What calls back

test("setTimeout keeps the store", async () => {
  assertEquals(await seenBy((done) => setTimeout(done, 1)), "store");
});

test("setInterval keeps the store, each time", async () => {
  const seen = [];
  await storage.run("store", () => {
    const { promise, resolve } = Promise.withResolvers();
    const interval = setInterval(() => {
      seen.push(storage.getStore());
      storage.enterWith("of one time");
      if (seen.length === 2) resolve(clearInterval(interval));
    }, 1);
    return promise;
  });
  assertArrayEquals(seen, ["store", "store"]);
});

test("queueMicrotask keeps the store", async () => {
  assertEquals(await seenBy((done) => queueMicrotask(done)), "store");
});

test("a callback keeps its arguments and its this", async () => {
  const args = await new Promise((resolve) => {
    setTimeout(
      function (...given) {
        resolve([this === globalThis, ...given]);
      },
      0,
      1,
      2,
    );
  });
  assertArrayEquals(args, [true, 1, 2]);
});

test("a listener sees what its dispatcher sees", () => {
  const target = new EventTarget();
  const seen = [];
  storage.run("added", () => target.addEventListener("x", () => seen.push(storage.getStore())));
  storage.run("dispatched", () => target.dispatchEvent(new Event("x")));
  target.dispatchEvent(new Event("x"));
  assertArrayEquals(seen, ["dispatched", undefined]);
});

test("an abort is seen with the store of who aborts", () => {
  const controller = new AbortController();
  const seen = [];
  storage.run("added", () => controller.signal.addEventListener("abort", () => seen.push(storage.getStore())));
  storage.run("aborted", () => controller.abort());
  assertArrayEquals(seen, ["aborted"]);
});

test("a listener of an event of the platform sees what there was when it was added", async () => {
  assertEquals(await seenBy((done) => AbortSignal.timeout(1).addEventListener("abort", done)), "store");
});

test("messages reach their listener with the store that it was added with", async () => {
  const { port1, port2 } = new MessageChannel();
  const seen = seenBy((done) => {
    port2.onmessage = done;
  });
  storage.run("sender", () => port1.postMessage(1));
  assertEquals(await seen, "store");
  port1.close();
});

test("messages of a WebSocket reach their listener with the store that it was added with", async () => {
  const [client, server] = Object.values(new WebSocketPair());
  client.accept();
  server.accept();
  const seen = seenBy((done) => server.addEventListener("message", done));
  storage.run("sender", () => client.send("text"));
  assertEquals(await seen, "store");
  client.close();
});

test("a fetch that fails is seen with the store", () =>
  storage.run("store", async () => {
    try {
      await fetch("http://nowhere.test/");
    } catch {
      assertEquals(storage.getStore(), "store");
    }
    const seen = await fetch("http://nowhere.test/").catch(() => storage.getStore());
    assertEquals(seen, "store");
  }));

test("bodies and digests are waited for with the store", () =>
  storage.run("store", async () => {
    assertEquals(await new Response("text").text(), "text");
    assertEquals(storage.getStore(), "store");
    await crypto.subtle.digest("SHA-256", new Uint8Array(8));
    assertEquals(storage.getStore(), "store");
    assertEquals(await new Response("{}").json().then(() => storage.getStore()), "store");
  }));

test("the sources of a stream see the store that it was made with", async () => {
  const seen = [];
  const stream = storage.run(
    "maker",
    () =>
      new ReadableStream({
        start: () => seen.push(`start ${storage.getStore()}`),
        pull(controller) {
          seen.push(`pull ${storage.getStore()}`);
          controller.enqueue("chunk");
          if (seen.length > 2) controller.close();
        },
      }),
  );
  await storage.run("reader", async () => {
    for await (const _chunk of stream) assertEquals(storage.getStore(), "reader");
  });
  assertArrayEquals(seen, ["start maker", "pull maker", "pull maker"]);
});

test("transforms and sinks see the store that they were made with", async () => {
  const seen = [];
  const [transform, sink] = storage.run("maker", () => [
    new TransformStream({
      transform(chunk, controller) {
        seen.push(`transform ${storage.getStore()}`);
        controller.enqueue(chunk);
      },
      flush: () => seen.push(`flush ${storage.getStore()}`),
    }),
    new WritableStream({
      write: () => seen.push(`write ${storage.getStore()}`),
      close: () => seen.push(`close ${storage.getStore()}`),
    }),
  ]);
  await new Response("chunk").body.pipeThrough(transform).pipeTo(sink);
  assertArrayEquals(seen.sort(), ["close maker", "flush maker", "transform maker", "write maker"]);
});

// bind, snapshot, AsyncResource

test("bind keeps a callback's store, arguments, this and length", () => {
  const bound = storage.run("bound", () =>
    AsyncLocalStorage.bind(function (first, second) {
      return [storage.getStore(), this.own, first, second].join();
    }),
  );
  assertEquals(bound.length, 2);
  assertEquals(
    storage.run("caller", () => bound.call({ own: "me" }, 1, 2)),
    "bound,me,1,2",
  );
});

test("snapshot runs callbacks with the stores of its time", () => {
  const inThen = storage.run(1, () => other.run(2, () => AsyncLocalStorage.snapshot()));
  const seen = storage.run("now", () => inThen((...args) => [storage.getStore(), other.getStore(), ...args], 3));
  assertArrayEquals(seen, [1, 2, 3]);
});

test("AsyncResource runs callbacks with the stores of when it was made", () => {
  const resource = storage.run("made", () => new AsyncResource("mine"));
  const answer = storage.run("now", () =>
    resource.runInAsyncScope(
      function (first) {
        return [storage.getStore(), this.own, first].join();
      },
      { own: "me" },
      1,
    ),
  );
  assertEquals(answer, "made,me,1");
});

test("AsyncResource binds, with a this where it is told one", () => {
  const resource = storage.run("made", () => new AsyncResource("mine"));
  const read = function () {
    return [storage.getStore(), this.own].join();
  };
  assertEquals(resource.bind(read).call({ own: "caller" }), "made,caller");
  assertEquals(resource.bind(read, { own: "given" }).call({ own: "caller" }), "made,given");
  const bound = storage.run("static", () => AsyncResource.bind(read, "type", { own: "given" }));
  assertEquals(bound(), "static,given");
});

test("AsyncResource has an id, a trigger and an end that mean nothing", () => {
  const resource = new AsyncResource("mine");
  assertTrue(resource.asyncId() > 0);
  assertTrue(new AsyncResource("mine").asyncId() > resource.asyncId());
  assertEquals(resource.triggerAsyncId(), 0);
  assertEquals(resource.emitDestroy(), resource);
});

test("AsyncResource can be extended", () => {
  class Query extends AsyncResource {
    constructor(callback) {
      super("Query");
      this.callback = callback;
    }
    done(value) {
      return this.runInAsyncScope(this.callback, null, value);
    }
  }
  const query = storage.run("asked", () => new Query((value) => `${storage.getStore()} ${value}`));
  assertEquals(query.done(1), "asked 1");
});

// What is not carried reads undefined

test("code that is made at run time is not carried after its waits", async () => {
  const late = new Function(
    "read",
    "return (async () => { const first = read(); await null; return [first, read()]; })()",
  );
  const seen = await storage.run("store", () => late(() => storage.getStore()));
  assertArrayEquals(seen, ["store", undefined]);
});

test("a thenable that a promise is resolved with sees no store", async () => {
  let seen = "nothing";
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: it is one
    then(resolve) {
      seen = storage.getStore();
      storage.enterWith("leak");
      resolve();
    },
  };
  await storage.run("store", () => new Promise((resolve) => resolve(thenable)));
  assertEquals(seen, undefined);
  assertEquals(storage.getStore(), undefined);
});

test("callbacks that the engine calls between its own waits see no store", async () => {
  const seen = await storage.run("store", async () => {
    const list = [];
    await Array.fromAsync([1, 2], () => list.push(storage.getStore()));
    const stack = new AsyncDisposableStack();
    stack.defer(() => null);
    stack.defer(() => list.push(storage.getStore()));
    stack.defer(async () => null);
    await stack.disposeAsync();
    list.push(storage.getStore());
    return list;
  });
  assertArrayEquals(seen.slice(-3), [undefined, undefined, "store"]);
});
