/** Frameworks and libraries as npm has them, each behind an app of its own in `test/apps`, asked over HTTP. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Answer } from "../support/http-answer.ts";
import { expectAnswer, type Question } from "../support/question.ts";
import { serveConfig } from "../support/serve-apps.ts";

const CONFIG = fileURLToPath(new URL("../apps/frameworks.config.json", import.meta.url));
const JSON_TYPE = { "content-type": "application/json" };

const post = (path: string, value: unknown, rest: Partial<Question> = {}): Question => ({
  path,
  method: "POST",
  headers: JSON_TYPE,
  body: JSON.stringify(value),
  ...rest,
});
const events = (path: string, rest: Partial<Question> = {}): Question => ({
  path,
  ...rest,
  headers: { ...rest.headers, accept: "text/event-stream" },
  has: { "content-type": expect.stringMatching(/^text\/event-stream/) },
});
const graphql = (query: string, expected: Partial<Question>): Question => post("/graphql", { query }, expected);

const APPS: Readonly<Record<string, readonly Question[]>> = {
  "hono-middleware": [
    { path: "/", answers: "hono-middleware" },
    post("/api/login", { name: 1 }, { status: 400, answers: { error: "name: expected a string" } }),
    { path: "/api/me", status: 401 },
    {
      path: "/api/login",
      method: "OPTIONS",
      headers: { origin: "https://shop.example", "access-control-request-method": "POST" },
      status: 204,
      has: { "access-control-allow-origin": "https://shop.example" },
    },
    { path: "/count", answers: "1\n2\n3\n" },
    events("/events", { answers: /event: tick\ndata: 3\nid: 3\n\n$/ }),
    { path: "/upper", method: "POST", body: "grüezi", answers: "GRÜEZI" },
    { path: "/old", status: 301, has: { location: "/" } },
    { path: "/teapot", status: 418, answers: "short and stout" },
    { path: "/fail", status: 500, answers: { error: "out of order" } },
    { path: "/nowhere", status: 404, answers: { error: "nothing at /nowhere" } },
  ],
  "itty-router": [
    { path: "/books/7?x=1", answers: { id: "7", query: { x: "1" } } },
    post("/books", { title: "Moby-Dick" }, { answers: { made: { title: "Moby-Dick" } } }),
    { path: "/cookie", headers: { cookie: "user=ada" }, answers: { cookies: { user: "ada" } } },
    { path: "/login", method: "POST", status: 204, has: { "set-cookie": ["user=ada; Path=/; HttpOnly"] } },
    { path: "/old", status: 308, has: { location: "https://shop.example/new" } },
    { path: "/stream", answers: "one\ntwo\nthree\n" },
    { path: "/gone", status: 410 },
    { path: "/refused", status: 403, answers: { status: 403, error: "not yours" } },
    { path: "/fail", status: 500 },
    { path: "/books/7", method: "DELETE", status: 204 },
    { path: "/nowhere", status: 404 },
  ],
  h3: [
    { path: "/", answers: "h3" },
    { path: "/books/7?x=1", answers: { id: "7", query: { x: "1" } } },
    post("/books", { title: "Moby-Dick" }, { status: 201, answers: { made: { title: "Moby-Dick" } } }),
    {
      path: "/visits",
      headers: { cookie: "visits=4" },
      answers: { count: 5 },
      has: { "set-cookie": expect.anything() },
    },
    { path: "/old", status: 302, has: { location: "/" } },
    { path: "/stream", answers: "one\ntwo\nthree\n" },
    { path: "/teapot", status: 418, answers: /"data":\{"short":true\}/ },
    { path: "/fail", status: 500 },
    { path: "/nowhere", status: 404 },
  ],
  trpc: [
    { path: `/trpc/greet?input=${encodeURIComponent('{"name":"Ada"}')}`, answers: { result: { data: "Hello, Ada" } } },
    post("/trpc/add", { title: "Emma" }, { answers: { result: { data: { title: "Emma", by: null } } } }),
    post("/trpc/add", { title: "" }, { status: 400, answers: /BAD_REQUEST/ }),
    { path: `/trpc/book?input=${encodeURIComponent('"9"')}`, status: 404, answers: /No book 9/ },
    {
      path: `/trpc/greet,book?batch=1&input=${encodeURIComponent('{"0":{"name":"A"},"1":"1"}')}`,
      answers: /Hello, A.*Moby-Dick/,
      has: { "set-cookie": ["seen=1; Path=/"] },
    },
    events("/trpc/count?input=3", { answers: /data: 1\n.*data: 2\n.*data: 3\n/s }),
    { path: "/trpc/fail", status: 500, answers: /out of order/ },
  ],
  "graphql-yoga": [
    graphql("{ hello }", { answers: { data: { hello: "Hello, World" } } }),
    graphql('query { hello(name: "Ada") }', { answers: { data: { hello: "Hello, Ada" } } }),
    graphql("mutation { add(a: 2, b: 40) }", { answers: { data: { add: 42 } } }),
    graphql("{ refused }", { answers: /"code":"FORBIDDEN"/ }),
    graphql("{ fail }", { answers: /^(?!.*stays inside).*Unexpected error/ }),
    graphql("{ nothing }", { answers: /Cannot query field/ }),
    events("/graphql?query=subscription%7Bcount(to%3A3)%7D", { answers: /"count":1.*"count":2.*"count":3/s }),
    { path: "/elsewhere", status: 404 },
  ],
  libraries: [
    { path: "/date-fns?from=2026-11-23", answers: { due: "2026-12-07", days: 14 } },
    { path: "/drizzle", answers: /"params":\[100,"Moby-Dick",5\]/ },
    post("/handlebars", { title: "<T>", items: ["a"] }, { answers: "<h1>&lt;T&gt;</h1><li>0: a</li>" }),
    {
      path: "/jose",
      answers: {
        ES256: "EC ES256",
        RS256: "RSA RS256",
        EdDSA: "OKP EdDSA",
        HS256: "ada",
        tampered: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
        remote: "function",
      },
    },
    { path: "/marked", method: "POST", body: "# hi", answers: "<h1>hi</h1>\n" },
    { path: "/nanoid", answers: /^\{"id":"[\w-]{21}","short":"[0-9a-f]{8}"\}$/ },
    post("/zod", { id: 1 }, { status: 400, answers: /expected string/ }),
    { path: "/nowhere", status: 404 },
  ],
};

const nano = serveConfig(CONFIG);

describe.each(Object.entries(APPS))("%s", (app, questions) => {
  const ask = ({ path, ...options }: Question): Promise<Answer> => nano().ask(`${app}.localhost`, path, options);

  test.each(questions)("answers $method $path", async (question) => {
    const answer = await ask(question);
    expectAnswer(answer, question);
    expect(answer.headers["x-nano-rung"]).toBe("heap");
  });

  test("answers all of it at once", async () => {
    const answers = await Promise.all(questions.map(ask));
    for (const [i, question] of questions.entries()) expectAnswer(answers[i] as Answer, question);
  });
});

test("a token that Hono signed is one that it takes, and no other is", async () => {
  const login = await nano().ask("hono-middleware.localhost", "/api/login", post("", { name: "ada" }));
  const { token } = JSON.parse(login.text) as { token: string };
  const me = (bearer: string): Promise<Answer> =>
    nano().ask("hono-middleware.localhost", "/api/me", { headers: { authorization: `Bearer ${bearer}` } });
  expect(JSON.parse((await me(token)).text)).toMatchObject({ sub: "ada" });
  expect((await me(`${token.slice(0, -4)}AAAA`)).status).toBe(401);
});
