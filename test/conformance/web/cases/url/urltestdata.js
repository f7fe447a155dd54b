// https://url.spec.whatwg.org/#url-class: the data of the web platform tests' url-constructor, url-origin, url-statics-* and failure.

import data from "../../../wpt-data/urltestdata.json";
import scriptOnlyData from "../../../wpt-data/urltestdata-javascript-only.json";
import { nameOf, withoutComments } from "../../data-cases.js";
import { assertEquals, assertFalse, assertThrows, assertTrue, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const MEMBERS = ["href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];

for (const item of [...withoutComments(data), ...withoutComments(scriptOnlyData)]) {
  const base = item.base ?? undefined;
  test(nameOf(item.input, ...(base === undefined ? [] : ["against", base])), () => {
    if (item.failure) assertNoUrl(item, base);
    else assertUrl(item, base);
  });
}

function assertUrl(item, base) {
  const url = new URL(item.input, base);
  for (const member of MEMBERS) assertEquals(url[member], item[member], member);
  if ("origin" in item) assertEquals(url.origin, item.origin, "origin");
  if ("searchParams" in item) assertEquals(String(url.searchParams), item.searchParams, "searchParams");
  assertTrue(URL.canParse(item.input, base), "canParse");
  assertEquals(URL.parse(item.input, base).href, item.href, "href of parse");
  assertEquals(new URL(url.href).href, item.href, "href, parsed again");
}

function assertNoUrl(item, base) {
  assertThrows(TypeError, () => new URL(item.input, base), "constructor");
  assertFalse(URL.canParse(item.input, base), "canParse");
  assertEquals(URL.parse(item.input, base), null, "parse");
  // What fails whatever it is relative to can be no href either.
  if (base !== undefined || item.relativeTo === "any-base") return;
  const url = new URL("about:blank");
  assertThrows(TypeError, () => {
    url.href = item.input;
  });
  assertEquals(url.href, "about:blank");
}
