/** SvelteKit, Astro and React Router as their own adapters for Workers built them (`test/apps/frameworks`), asked over HTTP. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { builtDigest, digestSources, FRAMEWORKS } from "../apps/frameworks/source-digest.ts";
import type { Answer } from "../support/http-answer.ts";
import { expectAnswer, type Question } from "../support/question.ts";
import { serveConfig } from "../support/serve-apps.ts";

const APPS = new URL("../apps/", import.meta.url);
const CONFIG = fileURLToPath(new URL("full-frameworks.config.json", APPS));
/** Long enough for a frame to come alone on a busy machine. */
const FORECAST_MS = 500;
const HTML = { "content-type": expect.stringMatching(/^text\/html/) };

interface FrameworkQuestion extends Question {
  /** A file that is served before the script. */
  readonly isFile?: boolean;
}

const json = (path: string, value: unknown, rest: Partial<Question>): Question => ({
  path,
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
  ...rest,
});
/** As a page of the app's own sends it. */
const form = (
  path: string,
  app: string,
  fields: Readonly<Record<string, string>>,
  rest: Partial<Question>,
): Question => ({
  path,
  method: "POST",
  body: new URLSearchParams(fields).toString(),
  ...rest,
  headers: {
    "content-type": "application/x-www-form-urlencoded",
    origin: `http://${app}.localhost`,
    host: `${app}.localhost`,
    accept: "text/html",
    ...rest.headers,
  },
});
const file = (path: string, rest: Partial<Question>): FrameworkQuestion => ({ path, isFile: true, ...rest });

const robots = file("/robots.txt", {
  answers: "User-agent: *\n",
  has: { "content-type": expect.stringMatching(/^text\/plain/) },
});
const prerendered = file("/about", { answers: /About, prerendered/, has: HTML });

const QUESTIONS: Readonly<Record<(typeof FRAMEWORKS)[number], readonly FrameworkQuestion[]>> = {
  sveltekit: [
    { path: "/?name=Ada", answers: /Hello, Ada.*platform: true/s, has: { ...HTML, "x-hook": "seen" } },
    form("/", "sveltekit", { title: "Emma" }, { answers: /made Emma/ }),
    form("/", "sveltekit", { title: "" }, { status: 422, answers: /a title is missing/ }),
    form("/", "sveltekit", { title: "" }, { status: 403, headers: { origin: "http://elsewhere.example" } }),
    { path: "/books/7", answers: /Moby-Dick/ },
    { path: "/books/7/__data.json", answers: /"Moby-Dick"/, has: { "content-type": "application/json" } },
    { path: "/books/9", status: 404, answers: /404: No book 9/, has: HTML },
    { path: "/nowhere", status: 404, answers: /404: Not Found/ },
    { path: "/fail", status: 500, answers: /^(?!.*out of order).*500: Internal Error/s },
    json("/api/sum", { numbers: [1, 2, 3.5] }, { answers: { sum: 6.5 } }),
    json("/api/sum", {}, { status: 400, answers: /numbers: expected an array/ }),
    form(
      "/login",
      "sveltekit",
      { user: "ada" },
      {
        status: 303,
        has: { location: "/", "set-cookie": [expect.stringMatching(/^user=ada; .*HttpOnly/)] },
      },
    ),
    { path: "/", headers: { cookie: "user=ada" }, answers: /<nav>ada<\/nav>/ },
    { path: "/", headers: { "cf-connecting-ip": "6.6.6.6" }, answers: /<footer>127\.0\.0\.1<\/footer>/ },
    { path: "/old", status: 308, has: { location: "/?name=again" } },
    { path: "/deferred", answers: /Asking the clouds.*rain from Monday/s },
    { path: "/stream", answers: "one\ntwo\nthree\n" },
    // All of it goes through the script, which asks `env.ASSETS`.
    { ...prerendered, isFile: false },
    { ...robots, isFile: false },
    { path: "/about/", status: 308, has: { location: "/about" } },
    { path: "/terms", answers: "Nothing is promised.\n", has: { "content-type": "text/plain" } },
  ],
  astro: [
    { path: "/?name=Ada", answers: /Hello, Ada/, has: { ...HTML, "x-middleware": "seen" } },
    form("/", "astro", { title: "Emma" }, { answers: /made Emma/ }),
    form("/", "astro", { title: "" }, { status: 422, answers: /a title is missing/ }),
    form("/", "astro", { title: "" }, { status: 403, headers: { origin: "http://elsewhere.example" } }),
    { path: "/books/7", answers: /Moby-Dick/ },
    { path: "/books/9", status: 404, answers: "No book 9" },
    { path: "/nowhere", status: 404, answers: /Nothing at \/nowhere/, has: HTML },
    { path: "/fail", status: 500, answers: /Broken: out of order/ },
    json("/api/sum", { numbers: [1, 2, 3.5] }, { answers: { sum: 6.5 } }),
    json("/api/sum", {}, { status: 400, answers: { error: "numbers: expected an array" } }),
    json("/_actions/greet/", { name: "Ada" }, { answers: ["Hello, Ada"] }),
    json("/_actions/greet/", { name: "Mallory" }, { status: 403, answers: /not you/ }),
    json("/_actions/greet/", { name: "" }, { status: 400, answers: /AstroActionInputError/ }),
    form(
      "/api/login",
      "astro",
      { user: "ada" },
      {
        status: 303,
        has: { location: "/", "set-cookie": ["user=ada; Path=/"] },
      },
    ),
    { path: "/", headers: { cookie: "user=ada" }, answers: /<nav>ada<\/nav>/ },
    { path: "/", headers: { "cf-connecting-ip": "6.6.6.6" }, answers: /<footer>127\.0\.0\.1<\/footer>/ },
    { path: "/old", status: 308, has: { location: "/?name=again" } },
    { path: "/streamed", answers: /<h1>Riga<\/h1>.*<p>rain from Monday<\/p>/s },
    prerendered,
    robots,
  ],
  "react-router": [
    { path: "/?name=Ada", answers: /<title>Home<\/title>.*Hello, Ada/s, has: HTML },
    form("/?index", "react-router", { title: "Emma" }, { answers: /made Emma/ }),
    form("/?index", "react-router", { title: "" }, { status: 422, answers: /a title is missing/ }),
    { path: "/books/7", answers: /<h1>Moby-Dick<\/h1>/ },
    { path: "/books/7.data", answers: /"Moby-Dick"/, has: { "content-type": "text/x-script" } },
    { path: "/books/9", status: 404, answers: /404: No book 9/ },
    { path: "/nowhere", status: 404, has: HTML },
    { path: "/fail", status: 500, answers: /^(?!.*out of order).*<h1>Broken<\/h1>/s },
    json("/api/sum", { numbers: [1, 2, 3.5] }, { answers: { sum: 6.5 } }),
    json("/api/sum", {}, { status: 400, answers: { error: "numbers: expected an array" } }),
    form(
      "/login",
      "react-router",
      { user: "ada" },
      {
        status: 303,
        has: { location: "/", "set-cookie": [expect.stringMatching(/^session=/)] },
      },
    ),
    { path: "/old", status: 308, has: { location: "/?name=again" } },
    { path: "/deferred", answers: /Asking the clouds.*<p>rain from Monday<\/p>/s },
    { path: "/stream", answers: "one\ntwo\nthree\n" },
    robots,
  ],
};

const nano = serveConfig(CONFIG);

describe.each(FRAMEWORKS)("%s", (app) => {
  const questions = QUESTIONS[app];
  const ask = ({ path, ...options }: Question): Promise<Answer> => nano().ask(`${app}.localhost`, path, options);

  test.each(questions)("answers $method $path", async (question) => {
    const answer = await ask(question);
    expectAnswer(answer, question);
    expect(answer.headers["x-nano-rung"]).toBe(question.isFile ? undefined : "heap");
  });

  test("answers all of it at once", async () => {
    const answers = await Promise.all(questions.map(ask));
    for (const [i, question] of questions.entries()) expectAnswer(answers[i] as Answer, question);
  });

  test("sends a page's frame before what it waits for", async () => {
    const path = `${app === "astro" ? "/streamed" : "/deferred"}?ms=${FORECAST_MS}`;
    const req = request({ host: "127.0.0.1", port: nano().port, path, headers: { host: `${app}.localhost` } }).end();
    const [answer] = (await once(req, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of answer.setEncoding("utf8")) {
      if (text === "") expect(chunk).not.toContain("rain from Monday");
      text += chunk;
    }
    expect(text).toMatch(/Riga.*rain from Monday/s);
  });

  test("serves the scripts that its pages load", async () => {
    const directory = new URL(`frameworks/${app}/assets/`, APPS);
    const scripts = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".js"),
    );
    for (const path of scripts) {
      const answer = await ask({ path: `/${path}` });
      expectAnswer(answer, { path, has: { "content-type": expect.stringMatching(/javascript/) } });
    }
  });

  test("is built of the sources that are beside it", () => {
    expect(builtDigest(app)).toBe(digestSources(app));
  });
});

test("a session that React Router signed is one that it takes, and no other is", async () => {
  const login = form("/login", "react-router", { user: "ada" }, {});
  const { headers } = await nano().ask("react-router.localhost", "/login", login);
  const cookie = String(headers["set-cookie"]).split(";")[0] ?? "";
  const user = async (sent: string): Promise<unknown> =>
    JSON.parse((await nano().ask("react-router.localhost", "/login", { headers: { cookie: sent } })).text);
  expect(await user(cookie)).toEqual({ user: "ada" });
  expect(await user(cookie.replace(/.{6}$/, "AAAAAA"))).toEqual({ user: null });
});
