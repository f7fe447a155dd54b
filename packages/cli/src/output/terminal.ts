/**
 * What nanoctl shows: lines, and on a terminal one status line below them.
 *
 * I1 Text that is not ours (tenant output, error texts) goes through `printable`: it cannot move the cursor.
 */

export interface TerminalStream {
  readonly isTTY?: boolean;
  write(text: string): boolean;
  once(event: "drain", listener: () => void): unknown;
}

const COLOURS = { red: "31", green: "32", yellow: "33", blue: "34", magenta: "35", cyan: "36", dim: "2", bold: "1" };
export type Colour = keyof typeof COLOURS;

const FRAMES = ["◐", "◓", "◑", "◒"] as const;
const FRAME_MS = 120;

export interface TerminalOptions {
  readonly stream: TerminalStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export class Terminal {
  readonly isTerminal: boolean;
  readonly #isColoured: boolean;
  readonly #stream: TerminalStream;
  #status: string | null = null;
  #frame = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor({ stream, env }: TerminalOptions) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true && env.TERM !== "dumb";
    this.#isColoured = this.isTerminal && (env.NO_COLOR ?? "") === "";
  }

  paint(colour: Colour, text: string): string {
    return this.#isColoured ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
  }

  /** Writes a line. False: the reader is slow, wait for `drained`. */
  line(text = ""): boolean {
    this.#clearStatus();
    const isTaken = this.#stream.write(`${text}\n`);
    this.#drawStatus();
    return isTaken;
  }

  /** Writes a question: what is typed stands behind it. */
  ask(question: string): void {
    this.#clearStatus();
    this.#stream.write(`${question} `);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#stream.once("drain", () => resolve()));
  }

  /** Shows what goes on now, on a terminal only; null takes it away. */
  status(text: string | null): void {
    if (!this.isTerminal || text === this.#status) return;
    this.#clearStatus();
    this.#status = text;
    if (text === null) {
      if (this.#timer !== null) clearInterval(this.#timer);
      this.#timer = null;
      return;
    }
    this.#timer ??= setInterval(() => {
      this.#frame += 1;
      this.#clearStatus();
      this.#drawStatus();
    }, FRAME_MS).unref();
    this.#drawStatus();
  }

  #drawStatus(): void {
    if (this.#status === null) return;
    this.#stream.write(`${this.paint("cyan", FRAMES[this.#frame % FRAMES.length] as string)} ${this.#status}`);
  }

  #clearStatus(): void {
    if (this.#status !== null) this.#stream.write("\r\u001b[2K");
  }
}

/** Text with its control characters made visible, tabs and line ends aside. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: -- these are what it is for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    if (character === "\r") return "";
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** Cells in aligned columns, without trailing spaces. */
export function alignColumns(rows: readonly (readonly string[])[], gap = "  "): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(gap)
      .trimEnd(),
  );
}
