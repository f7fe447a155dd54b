import { describe, expect, test } from "vitest";
import { curlLine, showAppTable } from "../src/output/app-table.ts";
import { openShownTerminal } from "./shown-terminal.ts";

const at = (host: string, path = "/") => ({ routes: [{ host, path }] });
const local = { host: "127.0.0.1", port: 8080 };

describe("the curl line of an app", () => {
  test.each([
    ["hello.localhost", local, "curl http://hello.localhost:8080/"],
    ["shop.example.com", local, "curl -H 'Host: shop.example.com' http://127.0.0.1:8080/"],
    ["*.localhost", local, "curl http://any.localhost:8080/"],
    ["127.0.0.1", local, "curl http://127.0.0.1:8080/"],
    ["hello.localhost", { host: "192.0.2.1", port: 80 }, "curl -H 'Host: hello.localhost' http://192.0.2.1:80/"],
    ["shop.example.com", { host: "::", port: 8080 }, "curl -H 'Host: shop.example.com' http://[::1]:8080/"],
  ])("reaches %s on %o", (host, listener, expected) => {
    expect(curlLine(at(host), listener)).toBe(expected);
  });
});

test("the table names state and URL of each app, and a curl line for those that serve", () => {
  const { terminal, shown } = openShownTerminal();
  showAppTable(
    [
      { app: "hello", ...at("hello.localhost"), state: "serving", note: "sliver kept" },
      { app: "broken", ...at("broken.localhost", "/api"), state: "failed", note: "BUNDLE_SYNTAX_ERROR" },
    ],
    local,
    terminal,
  );
  expect(shown()).toBe(`
app     state    url
hello   serving  http://hello.localhost:8080/      sliver kept
broken  failed   http://broken.localhost:8080/api  BUNDLE_SYNTAX_ERROR

curl http://hello.localhost:8080/
`);
});
