// https://urlpattern.spec.whatwg.org/: the data of the web platform tests' urlpattern.
import data from "../../../wpt-data/urlpatterntestdata.json";
import { nameOf, withoutComments } from "../../data-cases.js";
import { assertEquals, assertThrows, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const COMPONENTS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];

/** Those before a component that keep it from being inherited of a base URL, or make it a wildcard. */
const EARLIER = {
  protocol: [],
  hostname: ["protocol"],
  port: ["protocol", "hostname"],
  username: [],
  password: [],
  pathname: ["protocol", "hostname", "port"],
  search: ["protocol", "hostname", "port", "pathname"],
  hash: ["protocol", "hostname", "port", "pathname", "search"],
};

for (const item of withoutComments(data)) {
  test(nameOf(item.pattern, "beside", item.inputs ?? []), () => {
    if (item.expected_obj === "error") {
      assertThrows(TypeError, () => new URLPattern(...item.pattern));
      return;
    }
    const pattern = new URLPattern(...item.pattern);
    for (const component of COMPONENTS) {
      assertEquals(pattern[component], patternOf(item, component), component);
    }
    if (item.expected_match === "error") {
      assertThrows(TypeError, () => pattern.test(...item.inputs), "test");
      assertThrows(TypeError, () => pattern.exec(...item.inputs), "exec");
      return;
    }
    assertEquals(pattern.test(...item.inputs), Boolean(item.expected_match), "test");
    assertMatch(pattern.exec(...item.inputs), item);
  });
}

/** What the component's pattern should be, where the data does not say. */
function patternOf({ pattern: [init, second], expected_obj: expected, exactly_empty_components: empty }, component) {
  if (expected?.[component] !== undefined) return expected[component];
  if (empty?.includes(component)) return "";
  if (typeof init === "object" && init[component]) return init[component];
  if (typeof init === "object" && EARLIER[component].some((earlier) => earlier in init)) return "*";
  const base = init?.baseURL ?? (typeof second === "string" ? second : undefined);
  if (base === undefined || component === "username" || component === "password") return "*";
  const value = new URL(base)[component];
  if (component === "protocol") return value.slice(0, -1);
  return component === "search" || component === "hash" ? value.slice(1) : value;
}

function assertMatch(found, { inputs, expected_match: expected, exactly_empty_components: empty }) {
  if (expected === null || typeof expected !== "object") {
    assertEquals(found, expected, "exec");
    return;
  }
  assertSame(found.inputs, expected.inputs ?? inputs, "inputs");
  for (const component of COMPONENTS) {
    const unnamed = { input: "", groups: empty?.includes(component) ? {} : { 0: "" } };
    const { input, groups } = expected[component] ?? unnamed;
    assertEquals(found[component].input, input, `input of ${component}`);
    assertSame(found[component].groups, groups, `groups of ${component}`);
    // In the data, null says that the group took no part.
    for (const [name, value] of Object.entries(groups)) {
      assertEquals(found[component].groups[name], value ?? undefined, `group ${name} of ${component}`);
    }
  }
}

/** Whatever the order of their members. */
function assertSame(found, expected, what) {
  assertEquals(canonicalText(found), canonicalText(expected), what);
}

function canonicalText(value) {
  return JSON.stringify(value, (_key, inner) => {
    if (inner === null || inner === undefined) return null;
    if (typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
