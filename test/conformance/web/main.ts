/**
 * `pnpm conformance [-- --write]`: runs all cases of the web platform inside isolates and prints a table of their areas. `--write` keeps the counts in
 * `results.json`, of which `npm run readme` makes README's table. Exits with 1 where something does not end as it is listed.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type ConformanceRow, RESULTS, renderConformanceTable } from "./conformance-table.ts";
import { type FileResult, listAreas, listFiles, listSurprises, runFile } from "./run-cases.ts";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });

const rows: ConformanceRow[] = [];
const surprises: string[] = [];
for (const area of listAreas()) {
  const results: FileResult[] = [];
  for (const name of listFiles(area)) results.push(await runFile(area, name));
  for (const result of results) {
    surprises.push(...listSurprises(result).map((surprise) => `${area}/${result.name}: ${surprise}`));
  }
  // What came as data is a row of its own: it was promised to hold to a share.
  const ofData = results.filter(({ isData }) => isData);
  const ofInterfaces = results.filter(({ isData }) => !isData);
  if (ofInterfaces.length > 0) rows.push(toRow(area, ofInterfaces));
  for (const result of ofData) rows.push(toRow(`${area}, data of ${result.name}`, [result]));
}

process.stdout.write(`${renderConformanceTable(rows)}\n`);
for (const surprise of surprises) process.stderr.write(`${surprise}\n`);
if (values.write && surprises.length === 0) writeFileSync(RESULTS, `${JSON.stringify(rows, undefined, 2)}\n`);
process.exitCode = surprises.length === 0 ? 0 : 1;

function toRow(name: string, results: readonly FileResult[]): ConformanceRow {
  const tests = results.flatMap((result) => result.tests);
  const failedCount = tests.filter(({ failure }) => failure !== null).length;
  return { name, fileCount: results.length, passedCount: tests.length - failedCount, failedCount };
}
