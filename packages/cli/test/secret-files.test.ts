import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNanoError } from "@nano/protocol/errors";
import type { InputProblem } from "@nano/protocol/input-problems";
import { MAX_SECRET_BYTES } from "@nano/protocol/secrets";
import { expect, onTestFinished, test } from "vitest";
import { type AppPlan, parseConfig } from "../src/config/config-file.ts";
import { loadSecretFiles } from "../src/config/secret-files.ts";
import { openAppSource } from "../src/run/app-source.ts";

const HUSH = "hush-1c0ffee1";

function openDirectory() {
  const directory = mkdtempSync(join(tmpdir(), "nano-secrets-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "app.ts"), "export default { fetch: () => new Response() }");
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const parse = (...apps: Readonly<Record<string, unknown>>[]) => {
    const entries = apps.map((app, i) => ({ hostname: `a${i}.localhost`, entrypoint: "app.ts", ...app }));
    return parseConfig(JSON.stringify({ apps: entries }), join(directory, "nano.config.json"));
  };
  const problemsOf = async (app: Readonly<Record<string, unknown>>): Promise<readonly InputProblem[]> => {
    const thrown: unknown = await parse(app).catch((error: unknown) => error);
    if (!isNanoError(thrown)) throw new Error("expected a refusal");
    expect(thrown.message).not.toContain(HUSH);
    expect(JSON.stringify(thrown.wire)).not.toContain(HUSH);
    return thrown.wire.details.problems as readonly InputProblem[];
  };
  return { directory, write, parse, problemsOf };
}

test("a secret is the text of its file, from the config file's directory, without the line feed at its end", async () => {
  const { directory, write, parse } = openDirectory();
  write("key", `${HUSH}\n`);
  write("two", "first\nsecond\r\n");
  const [plan] = (await parse({ secret_files: { API_KEY: "key", TWO: `${directory}/two` }, env_vars: { A: "1" } }))
    .apps;
  expect(plan?.secrets.files).toEqual({ API_KEY: join(directory, "key"), TWO: join(directory, "two") });
  expect(await loadSecretFiles(plan?.secrets.files ?? {})).toEqual({ API_KEY: HUSH, TWO: "first\nsecond" });
  expect(plan?.manifest).toEqual({ env_vars: { A: "1" } });
});

test("every file that cannot be used is a problem with its place, and nothing of it is shown", async () => {
  const { directory, write, problemsOf } = openDirectory();
  mkdirSync(join(directory, "folder"));
  write("empty", "\n");
  write("big", HUSH.repeat(MAX_SECRET_BYTES / 8));
  write("binary", Buffer.concat([Buffer.from(HUSH), Buffer.of(0xff)]));
  const problems = await problemsOf({
    secret_files: { PASTED: HUSH, FOLDER: "folder", EMPTY: "empty", BIG: "big", BINARY: "binary" },
  });
  const expected = `a regular file of 1 to ${MAX_SECRET_BYTES} bytes`;
  const at = (name: string) => `apps[0].secret_files.${name}`;
  expect(problems).toEqual([
    { place: at("PASTED"), found: "no file there", expected },
    { place: at("FOLDER"), found: "one that cannot be used (it is not a regular file)", expected },
    { place: at("EMPTY"), found: "an empty one", expected },
    expect.objectContaining({ place: at("BIG"), found: expect.stringMatching(/at most 65536/) }),
    expect.objectContaining({ place: at("BINARY"), found: "bytes that are no UTF-8" }),
  ]);
});

test("a name in env_vars too, and what is no name, are problems", async () => {
  const { write, problemsOf } = openDirectory();
  write("key", HUSH);
  expect(await problemsOf({ secret_files: { A: "key" }, env_vars: { A: HUSH } })).toEqual([
    { place: "apps[0].secret_files.A", found: "a name that env_vars has, too", expected: "a name of its own" },
  ]);
  const [problem] = await problemsOf({ secret_files: { [`A=${HUSH}`]: "key" } });
  expect(problem?.place).toBe("apps[0].secret_files.A…");
});

test("one secret too many in all is a problem of the whole", async () => {
  const { write, problemsOf } = openDirectory();
  write("big", "x".repeat(MAX_SECRET_BYTES));
  const secret_files = Object.fromEntries(["A", "B", "C", "D", "E"].map((name) => [name, "big"]));
  expect((await problemsOf({ secret_files })).map(({ place }) => place)).toEqual(["apps[0].secret_files"]);
});

test("an app's own nano.json takes no secret files, and no variable of a secret's name", async () => {
  const { directory, write, parse } = openDirectory();
  const key = write("key", HUSH);
  const app = join(directory, "app");
  mkdirSync(app);
  writeFileSync(join(app, "index.js"), "export default { fetch: () => new Response() }");
  const failureOf = async (nano: object, plan: AppPlan): Promise<string> => {
    writeFileSync(join(app, "nano.json"), JSON.stringify(nano));
    const made = Promise.withResolvers<unknown>();
    const source = await openAppSource(plan, {
      onWarning: () => {},
      loadTrustedKeys: async () => new Map(),
      onChange: (make) => make().then(made.resolve, made.resolve),
    });
    const outcome = await made.promise;
    await source.close();
    return String(outcome);
  };
  const [plan] = (await parse({ entrypoint: "app", secret_files: { API_KEY: key } })).apps;
  if (plan === undefined) throw new Error("no plan");
  expect(await failureOf({ secret_files: { API_KEY: "key" } }, plan)).toMatch(/secret_files/);
  const twice = await failureOf({ env_vars: { API_KEY: HUSH } }, plan);
  expect(twice).toMatch(/env_vars of nano\.json.*secret_files.*API_KEY/);
  expect(twice).not.toContain(HUSH);
});
