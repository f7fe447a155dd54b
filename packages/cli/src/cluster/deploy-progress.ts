/** The steps of a deploy and how long each took, as they are shown. */
import { formatDuration } from "../output/format-duration.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import { NOTICE_AFTER_MS } from "../registry/registry-transport.ts";

export interface DeployStep {
  readonly name: string;
  readonly elapsedMs: number;
}

const COLOURS = { warn: "yellow", error: "red" } as const;

export class DeployProgress {
  readonly #terminal: Terminal | null;
  /** The app, once it is known what it is called. */
  name = "deploy";
  readonly #steps: DeployStep[] = [];

  /** @param terminal null: nothing is shown, for answers to programs */
  constructor(terminal: Terminal | null) {
    this.#terminal = terminal;
  }

  get steps(): readonly DeployStep[] {
    return this.#steps;
  }

  /** Does one step. `describe` says what came of it; null: it is not shown. */
  async step<T>(name: string, work: () => Promise<T>, describe: (result: T) => string | null = () => ""): Promise<T> {
    const startedAtMs = performance.now();
    this.status(name);
    try {
      const result = await work();
      const elapsedMs = performance.now() - startedAtMs;
      const what = describe(result);
      if (what === null) return result;
      this.#steps.push({ name, elapsedMs: Math.round(elapsedMs) });
      const rest = what === "" ? "" : `, ${what}`;
      this.#terminal?.line(`${this.#terminal.paint("green", "✓")} ${name} (${formatDuration(elapsedMs)}${rest})`);
      return result;
    } finally {
      this.#terminal?.status(null);
    }
  }

  /** What goes on within a step. */
  status(text: string): void {
    this.#terminal?.status(`${this.name}: ${printable(text)}`);
  }

  /** What the build says: the console of the app's top level, and advice. */
  log(text: string, level: string): void {
    const terminal = this.#terminal;
    if (terminal === null) return;
    const colour = COLOURS[level as keyof typeof COLOURS];
    for (const line of printable(text).split("\n")) {
      terminal.line(`${this.name} (build) | ${colour === undefined ? line : terminal.paint(colour, line)}`);
    }
  }

  /** Says so where what is awaited does not come soon: the function that is answered tells that it came. */
  warnLater(text: string): () => void {
    const timer = setTimeout(() => this.warn(text), NOTICE_AFTER_MS);
    return () => clearTimeout(timer);
  }

  warn(text: string): void {
    this.#terminal?.line(this.#terminal.paint("yellow", printable(text)));
  }

  close(): void {
    this.#terminal?.status(null);
  }
}
