// https://url.spec.whatwg.org/#concept-domain-to-ascii: Unicode's own tests of IDNA, as the web platform tests carry them.
import data from "../../../wpt-data/IdnaTestV2.json";
import { nameOf, withoutComments } from "../../data-cases.js";
import { assertEquals, assertThrows, test } from "../../testharness.js";

export { default } from "../../testharness.js";

for (const { input, output } of withoutComments(data)) {
  // An empty host is refused before it is taken for a domain.
  if (input === "") continue;
  test(nameOf("host", input), () => {
    const text = `https://${encodeHostEnds(input)}/x`;
    if (output === null) {
      assertThrows(TypeError, () => new URL(text));
      return;
    }
    const url = new URL(text);
    assertEquals(url.host, output, "host");
    assertEquals(url.hostname, output, "hostname");
    assertEquals(url.pathname, "/x", "pathname");
    assertEquals(url.href, `https://${output}/x`, "href");
  });
}

/** What would end the host, so that it is a part of it. */
function encodeHostEnds(text) {
  return text.replace(/[:/?#\\]/g, (unit) => encodeURIComponent(unit));
}
