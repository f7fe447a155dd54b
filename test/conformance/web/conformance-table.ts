/** The counts of a run of all cases, and README's table of them. */
import { readFileSync } from "node:fs";

/** What the last run that was to be kept found. */
export const RESULTS = new URL("results.json", import.meta.url);

export interface ConformanceRow {
  readonly name: string;
  readonly fileCount: number;
  readonly passedCount: number;
  /** All of them listed as failing, with the reason. */
  readonly failedCount: number;
}

export function readResults(): readonly ConformanceRow[] {
  return JSON.parse(readFileSync(RESULTS, "utf8"));
}

export function renderConformanceTable(rows: readonly ConformanceRow[]): string {
  const lines = ["| area | files | passed | failed, as listed | share |", "| --- | --- | --- | --- | --- |"];
  for (const row of [...rows, totalOf(rows)]) {
    const { name, fileCount, passedCount, failedCount } = row;
    lines.push(`| ${name} | ${fileCount} | ${withCommas(passedCount)} | ${failedCount} | ${shareOf(row)} |`);
  }
  return lines.join("\n");
}

function totalOf(rows: readonly ConformanceRow[]): ConformanceRow {
  const sum = (count: (row: ConformanceRow) => number): number => rows.reduce((total, row) => total + count(row), 0);
  return {
    name: "all",
    fileCount: sum((row) => row.fileCount),
    passedCount: sum((row) => row.passedCount),
    failedCount: sum((row) => row.failedCount),
  };
}

/** Rounded down: what is not whole is never shown as whole. */
function shareOf({ passedCount, failedCount }: ConformanceRow): string {
  return `${Math.floor((passedCount / (passedCount + failedCount)) * 1000) / 10} %`;
}

function withCommas(count: number): string {
  return count.toLocaleString("en");
}
