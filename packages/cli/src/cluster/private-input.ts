/**
 * Text that nobody else is to see: typed on the terminal without echo, read from a file, or from standard input.
 *
 * I1 It is never taken from the command line: every user of the machine can read that.
 * I2 No message holds anything of it.
 */
import type { Readable } from "node:stream";
import type { ReadStream } from "node:tty";
import { errors } from "../errors.ts";
import type { Terminal } from "../output/terminal.ts";

/** Standard input of nanoctl. */
export type Input = Readable & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;

export interface PrivateInputOptions {
  readonly input: Input;
  /** Where the question stands. */
  readonly problems: Terminal;
  readonly question: string;
  readonly limitBytes: number;
}

const CONTROL_C = "\u0003";
const CONTROL_D = "\u0004";
const ERASERS: readonly string[] = ["\u007f", "\b"];
const CONTROL_U = "\u0015";

/** The bytes of what is typed up to the line's end, or of all of standard input. @throws CTL_INTERRUPTED, CTL_USAGE */
export async function readPrivate(options: PrivateInputOptions): Promise<Buffer> {
  return options.input.isTTY === true ? Buffer.from(await readTyped(options)) : readAll(options);
}

async function readTyped({ input, problems, question, limitBytes }: PrivateInputOptions): Promise<string> {
  problems.ask(question);
  input.setRawMode?.(true);
  let typed = "";
  try {
    // A terminal that is closed cannot be put back to echo.
    for await (const chunk of input.iterator({ destroyOnReturn: false })) {
      for (const character of String(chunk)) {
        if (character === "\r" || character === "\n" || character === CONTROL_D) return typed;
        if (character === CONTROL_C) throw errors.INTERRUPTED({ what: "nothing was changed" });
        if (ERASERS.includes(character)) typed = typed.slice(0, -1);
        else if (character === CONTROL_U) typed = "";
        else if (typed.length < limitBytes + 1) typed += character;
      }
    }
    return typed;
  } finally {
    input.setRawMode?.(false);
    // Nothing more is read: it holds up no exit.
    input.pause();
    problems.line();
  }
}

async function readAll({ input, limitBytes }: PrivateInputOptions): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.byteLength;
    // One more than fits says that it is too long; the rest is of no use.
    chunks.push(bytes.subarray(0, Math.max(0, limitBytes + 3 - (sizeBytes - bytes.byteLength))));
    if (sizeBytes > limitBytes + 2) break;
  }
  return Buffer.concat(chunks);
}

/** What the user answers with, on a terminal; null where nobody is there to answer. */
export async function askLine({
  input,
  problems,
  question,
}: Omit<PrivateInputOptions, "limitBytes">): Promise<string | null> {
  if (input.isTTY !== true) return null;
  problems.ask(question);
  let typed = "";
  for await (const chunk of input) {
    typed += String(chunk);
    if (typed.includes("\n")) break;
  }
  return typed.split("\n", 1)[0]?.trim() ?? "";
}
