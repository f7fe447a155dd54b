/** The example apps, all at once: 1,000 concurrent requests, each answered with the answer to itself. */
import { fileURLToPath } from "node:url";
import { expect, onTestFailed, test } from "vitest";
import type { Answer } from "../support/http-answer.ts";
import { serveConfig } from "../support/serve-apps.ts";

const CONFIG = fileURLToPath(new URL("../apps/nano.config.json", import.meta.url));
const CONCURRENT = 1_000;
/** Of what NANO wrote, where a test fails. */
const SHOWN_CHARS = 4_000;

interface Question {
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  isRight(answer: Answer): boolean;
}

const QUESTIONS: readonly Question[] = [
  { host: "hello.localhost", path: "/", isRight: ({ text }) => text === "Hello, World!\n" },
  { host: "hono-api.localhost", path: "/", isRight: ({ text }) => JSON.parse(text).app === "hono-api" },
  { host: "react-ssr.localhost", path: "/", isRight: ({ text }) => /Monday.*<\/html>/s.test(text) },
  { host: "markdown-blog.localhost", path: "/", isRight: ({ text }) => text.includes("Harbour notes") },
  {
    host: "markdown-blog.localhost",
    path: "/style.css",
    isRight: ({ headers }) => /^text\/css/.test(headers["content-type"] ?? ""),
  },
  { host: "slow-init.localhost", path: "/?q=harbour", isRight: ({ text }) => JSON.parse(text).term === "harbour" },
  {
    host: "zod-schema.localhost",
    path: "/products?tag=craft",
    isRight: ({ text }) => JSON.parse(text)[0].fromCents === 4_500,
  },
  { host: "counter.localhost", path: "/", isRight: ({ text }) => JSON.parse(text).count === 1 },
  { host: "counter-app.localhost", path: "/", isRight: ({ text }) => JSON.parse(text).count >= 1 },
];

const nano = serveConfig(CONFIG);

test("1,000 concurrent requests over all example apps get no wrong answer", async () => {
  const ask = async (index: number): Promise<string | null> => {
    const question = QUESTIONS[index % QUESTIONS.length] as Question;
    const tag = `tag-${index}`;
    const answer = await nano().ask(question.host, question.path, { headers: { "x-request-tag": tag } });
    // Static files name no request: they are the same for all.
    const isTagged = question.path.endsWith(".css") || answer.headers["x-request-tag"] === tag;
    if (answer.status === 200 && isTagged && question.isRight(answer)) return null;
    return `${question.host}${question.path} ${answer.status} ${answer.headers["x-nano-error"] ?? answer.text.slice(0, 80)}`;
  };
  onTestFailed(() => void process.stderr.write(nano().output.slice(-SHOWN_CHARS)));
  const outcomes = await Promise.all(
    Array.from({ length: CONCURRENT }, (_, index) =>
      ask(index).catch((error: Error) => `${QUESTIONS[index % QUESTIONS.length]?.host} ${error.message}`),
    ),
  );
  expect(outcomes.filter((outcome) => outcome !== null)).toEqual([]);
}, 120_000);

test("the admin port tells health and figures of every service", async () => {
  const [, port] = await nano().waitForOutput(/127\.0\.0\.1:(\d+)\/metrics/);
  const get = async (path: string): Promise<string> => await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const metrics = await get("/metrics");
  expect(metrics).toMatch(/^router_/m);
  expect(metrics).toMatch(/^executor_requests_total \d+/m);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
});
