// https://url.spec.whatwg.org/#query-state: the data of the web platform tests' percent-encoding. Its other encodings are those of a document's links: the URL API has UTF-8 alone.
import data from "../../../wpt-data/percent-encoding.json";
import { nameOf, withoutComments } from "../../data-cases.js";
import { assertEquals, test } from "../../testharness.js";

export { default } from "../../testharness.js";

for (const { input, output } of withoutComments(data)) {
  test(nameOf("query and fragment", input), () => {
    const url = new URL(`https://example.test/?${input}#${input}`);
    assertEquals(url.search, `?${output["utf-8"]}`, "search");
    assertEquals(url.hash, `#${output["utf-8"]}`, "hash");
  });
}
