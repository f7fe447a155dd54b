// https://url.spec.whatwg.org/#concept-domain-to-ascii: the data of the web platform tests' toascii.
import data from "../../../wpt-data/toascii.json";
import { nameOf, withoutComments } from "../../data-cases.js";
import { assertEquals, assertThrows, test } from "../../testharness.js";

export { default } from "../../testharness.js";

for (const { input, output } of withoutComments(data)) {
  test(nameOf("the constructor takes", input), () => {
    if (output === null) assertThrows(TypeError, () => new URL(`https://${input}/x`));
    else assertHost(new URL(`https://${input}/x`), output);
  });
  for (const member of ["host", "hostname"]) {
    test(nameOf(`${member} set to`, input), () => {
      const url = new URL("https://x/x");
      url[member] = input;
      assertEquals(url[member], output ?? "x");
    });
  }
}

function assertHost(url, host) {
  assertEquals(url.host, host, "host");
  assertEquals(url.hostname, host, "hostname");
  assertEquals(url.pathname, "/x", "pathname");
  assertEquals(url.href, `https://${host}/x`, "href");
}
