// https://url.spec.whatwg.org/#api: the data of the web platform tests' url-setters.
import data from "../../../wpt-data/setters_tests.json";
import { nameOf } from "../../data-cases.js";
import { assertEquals, test } from "../../testharness.js";

export { default } from "../../testharness.js";

const { comment: _, ...settersByMember } = data;

for (const [member, cases] of Object.entries(settersByMember)) {
  for (const { href, new_value, expected } of cases) {
    test(nameOf(`${member} of`, href, "set to", new_value), () => {
      const url = new URL(href);
      url[member] = new_value;
      for (const [name, value] of Object.entries(expected)) assertEquals(url[name], value, name);
    });
  }
}
