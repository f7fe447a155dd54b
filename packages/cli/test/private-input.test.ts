import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { type Input, readPrivate } from "../src/cluster/private-input.ts";
import { errors } from "../src/errors.ts";
import { Terminal } from "../src/output/terminal.ts";

/** A terminal at which somebody types; `isRaw`: it echoes nothing. */
function openTerminal() {
  let shown = "";
  let isRaw = false;
  const setRawMode = (mode: boolean): void => {
    isRaw = mode;
  };
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode }) as unknown as Input & PassThrough;
  const stream = {
    write: (text: string): boolean => {
      shown += text;
      return true;
    },
    once: () => {},
  };
  const problems = new Terminal({ stream, env: {} });
  const reading = readPrivate({ input, problems, question: "Token:", limitBytes: 100 });
  return { input, reading, shown: () => shown, isRaw: () => isRaw };
}

test("what is typed is not shown, may be corrected, and the terminal echoes again afterwards", async () => {
  const { input, reading, shown, isRaw } = openTerminal();
  expect(isRaw()).toBe(true);
  input.write("wrong\u0015sec");
  input.write("x\u007fret\r");
  expect((await reading).toString()).toBe("secret");
  expect([shown(), isRaw()]).toEqual(["Token: \n", false]);
});

test("Ctrl-C ends the question, and leaves the terminal as it was", async () => {
  const { input, reading, isRaw } = openTerminal();
  input.write("sec\u0003");
  await expect(reading).rejects.toMatchObject({ code: errors.INTERRUPTED.code });
  expect(isRaw()).toBe(false);
});

test("standard input is read to its end, and no further than what can be of use", async () => {
  const problems = new Terminal({ stream: { write: () => true, once: () => {} }, env: {} });
  const read = async (text: string) => {
    const input = new PassThrough() as Input & PassThrough;
    input.end(text);
    return (await readPrivate({ input, problems, question: "", limitBytes: 4 })).length;
  };
  expect(await read("abc\n")).toBe(4);
  expect(await read("x".repeat(1000))).toBeLessThan(10);
});
