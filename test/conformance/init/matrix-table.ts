/** A part of the matrix as a table, one row per case: what a reader looks up. */
import { mkdirSync, writeFileSync } from "node:fs";
import type { Rung } from "@nano/protocol/records";
import type { Reached } from "./init-case.ts";

export interface MatrixRow {
  readonly subject: string;
  readonly name: string;
  readonly reached: Reached;
  readonly reason: string;
  /** On which it answered, in both modes alike. */
  readonly answeredOn: readonly Rung[];
}

const DIRECTORY = new URL("../dist/", import.meta.url);
const MAX_REASON_CHARS = 160;

/** Writes `dist/init-<part>.md`. */
export function writeMatrixTable(part: string, rows: readonly MatrixRow[]): void {
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(new URL(`init-${part}.md`, DIRECTORY), renderMatrix(part, rows));
}

function renderMatrix(part: string, rows: readonly MatrixRow[]): string {
  const counts = new Map<string, number>();
  for (const { reached } of rows) counts.set(reached, (counts.get(reached) ?? 0) + 1);
  const summary = [...counts].map(([reached, count]) => `${reached} ${count}`).join(", ");
  const lines = rows.map(({ subject, name, reached, reason, answeredOn }) =>
    [subject, name, reached, answeredOn.join(", ") || "–", reason.split("\n")[0]?.slice(0, MAX_REASON_CHARS) ?? ""]
      .map((cell) => ` ${cell.replaceAll("|", "\\|")} `)
      .join("|"),
  );
  return [
    `# Init matrix, ${part}: ${rows.length} cases (${summary})`,
    "",
    "| subject | the top level has | reached | answers alike on | why not higher |",
    "| ------- | ----------------- | ------- | ---------------- | -------------- |",
    ...lines.map((line) => `|${line}|`),
    "",
  ].join("\n");
}
