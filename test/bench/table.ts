/** Figures of several rounds, and tables of them. */

export interface Summary {
  readonly median: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** @param values at least one */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (ratio: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * ratio))] ?? Number.NaN;
  return { median: at(0.5), p99: at(0.99), min: at(0), max: at(1) };
}

/** A table in Markdown, so that README can carry it as printed. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)].join("\n");
}

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Milliseconds, below one as microseconds. */
export function formatMs(value: number): string {
  return value < 1 ? `${Math.round(value * 1000)} µs` : `${value.toFixed(2)} ms`;
}

export function formatRatio(value: number): string {
  return `${value.toFixed(2)} ×`;
}

export function formatBytes(value: number): string {
  if (Math.abs(value) < 1024) return `${Math.round(value)} B`;
  const isMib = Math.abs(value) >= 1024 * 1024;
  return isMib ? `${(value / 1024 / 1024).toFixed(1)} MB` : `${(value / 1024).toFixed(1)} KB`;
}
