/** What every command is given, and the options that several have. */

import { type AppName, isAppName } from "@nano/protocol/brands";
import { type Command, InvalidArgumentError } from "commander";
import type { Input } from "../cluster/private-input.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Terminal } from "../output/terminal.ts";

export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Answers. */
  readonly output: Terminal;
  /** Questions, warnings and errors: they spoil no answer that a program reads. */
  readonly problems: Terminal;
  readonly input: Input;
  /** Takes the exit code of a command that ended without an error. */
  end(code: ExitCode): void;
}

/** Adds the options by which a command against a cluster is told which. */
export function onCluster(command: Command): Command {
  return command
    .option("--cluster <name>", "a cluster that you are logged in to (default: the current one, or NANO_CLUSTER)")
    .option("--url <url>", "a registry by its URL, or unix:/PATH (default: NANO_URL)")
    .option("--data-dir <directory>", "the registry of a nanoctl run on that directory")
    .option("--json", "as JSON, for programs");
}

export function parseApp(text: string): AppName {
  if (isAppName(text)) return text;
  throw new InvalidArgumentError("Expected the name of an app: lower-case letters, digits, `-` and `.`, at most 63.");
}

/** A share of clients. */
export function parsePercent(text: string): number {
  const percent = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && percent <= 100) return percent;
  throw new InvalidArgumentError("Expected a percentage from 0 to 100.");
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 1_000_000) return count;
  throw new InvalidArgumentError("Expected a whole number from 1.");
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("Expected a number from 0 to 65535.");
}

/** Collects an option that is given several times. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}
