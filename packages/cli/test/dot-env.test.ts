import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readDotEnv } from "../src/config/dot-env.ts";

async function readText(text: string): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), "nano-dot-env-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, ".env"), text);
  return readDotEnv({ path: join(directory, ".env"), takenNames: [] });
}

test("all bad lines are told at once, by number and rule, without a word of them", async () => {
  const text = [
    "# a comment",
    "2BAD=hush",
    "GOOD=1",
    "A-B=hush",
    "",
    "MIIEvQIBADANBgkqh",
    "=hush",
    "export TWO WORDS=hush",
  ];
  const failure = await readText(text.join("\n")).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "CTL_DOT_ENV_UNREADABLE" });
  const { message } = failure as Error;
  expect(message.split("\n").slice(1)).toEqual([
    "  line 2: found a name that begins with a digit, expected letters, digits and _, no digit first",
    "  line 4: found a name with other characters, expected letters, digits and _, no digit first",
    "  line 6: found a line without =, expected NAME=value",
    "  line 7: found no name before =, expected NAME=value",
    "  line 8: found a name with other characters, expected letters, digits and _, no digit first",
  ]);
  expect(message).toMatch(/^Variables of .*\.env cannot be used: 5 problems\n/);
  expect(message).not.toMatch(/hush|MIIE|WORDS|BAD|A-B/);
});

test("lines of a value in quotes are no lines of the file", async () => {
  const text = `KEY="-----BEGIN\nno name here\n2x=1\n-----END" # mine\r\nB='one line'\nC=\`a\nb\`\nexport D = x\nE=it's fine\n`;
  expect(await readText(text)).toEqual({
    KEY: "-----BEGIN\nno name here\n2x=1\n-----END",
    B: "one line",
    C: "a\nb",
    D: "x",
    E: "it's fine",
  });
});

test("a quote that nothing closes is a character of its line", async () => {
  expect(await readText('A="x\nB=2\n')).toEqual({ A: '"x', B: "2" });
});

test("a value that is too large is told by its name", async () => {
  await expect(readText(`BIG=${"x".repeat(70_000)}\n`)).rejects.toThrow(/1 problem\n {2}BIG: found .*65536 bytes/);
});
