/** Prints a benchmark's table and writes its figures beside it as JSON, with the machine that they are from. */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { formatTable } from "./table.ts";

const RESULTS = fileURLToPath(new URL("dist/", import.meta.url));

export interface Report {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly data: unknown;
}

export function describeHardware(): string {
  return `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? "unknown"}`;
}

export function describeMachine(): string {
  return `${describeHardware()}, Node ${process.version}`;
}

export function report(name: string, { title, head, rows, data }: Report): void {
  const machine = describeMachine();
  process.stdout.write(`\n${title}\n${machine}\n\n${formatTable(head, rows)}\n`);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}${name}.json`, `${JSON.stringify({ name, title, machine, head, rows, data }, null, 2)}\n`);
}
