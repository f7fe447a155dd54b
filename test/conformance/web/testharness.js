/**
 * The guest's side: cases register their tests at the top level of the app, and a request runs them, in order, and answers how each ended.
 * The vocabulary is that of the public web platform tests, without what needs a document.
 */

const TEST_LIMIT_MS = 5_000;

/** @type {{ name: string, run: () => unknown }[]} */
const tests = [];

/** Registers a test; it fails by what it throws, or by what its promise is rejected with. */
export function test(name, run) {
  if (tests.some((other) => other.name === name)) throw new Error(`Two tests have the name ${name}`);
  tests.push({ name, run });
}

export function assertTrue(value, what = "value") {
  assertEquals(value, true, what);
}

export function assertFalse(value, what = "value") {
  assertEquals(value, false, what);
}

/** By SameValue. */
export function assertEquals(found, expected, what = "value") {
  if (!Object.is(found, expected)) fail(`${what}: found ${show(found)}, expected ${show(expected)}`);
}

export function assertNotEquals(found, other, what = "value") {
  if (Object.is(found, other)) fail(`${what}: found ${show(found)}, expected another`);
}

/** Of arrays, typed arrays and what else has a length: item by item. */
export function assertArrayEquals(found, expected, what = "array") {
  assertEquals(found.length, expected.length, `${what}.length`);
  for (let i = 0; i < expected.length; i++) assertEquals(found[i], expected[i], `${what}[${i}]`);
}

/** @param errorClass the error's own constructor: neither one above nor one below it will do */
export function assertThrows(errorClass, run, what = "call") {
  assertIsError(errorClass, caught(run, what), what);
}

/** A DOMException of that name. */
export function assertThrowsDom(name, run, what = "call") {
  assertIsDomException(name, caught(run, what), what);
}

/** Throws this very value. */
export function assertThrowsExactly(value, run, what = "call") {
  assertEquals(caught(run, what), value, `thrown by ${what}`);
}

export async function assertRejects(errorClass, promise, what = "promise") {
  assertIsError(errorClass, await rejection(promise, what), what);
}

export async function assertRejectsDom(name, promise, what = "promise") {
  assertIsDomException(name, await rejection(promise, what), what);
}

export async function assertRejectsExactly(value, promise, what = "promise") {
  assertEquals(await rejection(promise, what), value, `reason of ${what}`);
}

export function fail(message) {
  throw new Error(message);
}

/** A turn of the host's event loop: whatever was queued before has run. */
export function nextTask() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The app that runs them. */
export default {
  async fetch() {
    const results = [];
    for (const { name, run } of tests) results.push({ name, failure: await failureOf(run) });
    return Response.json(results);
  },
};

async function failureOf(run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${TEST_LIMIT_MS} ms`)), TEST_LIMIT_MS);
  });
  try {
    await Promise.race([run(), late]);
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `threw ${show(thrown)}`;
  } finally {
    clearTimeout(timer);
  }
}

function caught(run, what) {
  let result;
  try {
    result = run();
  } catch (thrown) {
    return thrown;
  }
  return fail(`${what}: expected it to throw, it answered ${show(result)}`);
}

function rejection(promise, what) {
  return promise.then(
    (value) => fail(`${what}: expected a rejection, it was resolved with ${show(value)}`),
    (reason) => reason,
  );
}

function assertIsError(errorClass, thrown, what) {
  if (thrown?.constructor !== errorClass) fail(`${what}: found ${show(thrown)}, expected a ${errorClass.name}`);
}

function assertIsDomException(name, thrown, what) {
  if (!(thrown instanceof DOMException)) fail(`${what}: found ${show(thrown)}, expected a DOMException`);
  assertEquals(thrown.name, name, `name of what ${what} threw`);
}

function show(value) {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (Object.is(value, -0)) return "-0";
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
