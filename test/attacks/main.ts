/**
 * `npm run attacks -- [--only PART] [--seconds N] [--connections N] [--json FILE]`: the corpus against a whole NANO of one machine, attack by attack, while
 * neighbours are loaded. Prints a table, and exits 1 where an attack is not contained, or a neighbour noticed.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { formatTable } from "../bench/table.ts";
import { Fixture } from "../support/fixtures.ts";
import { NanoProcess } from "../support/nano-process.ts";
import { ATTACKED_SERVER, AttackApps, longestCpuMs } from "./harness/attack-apps.ts";
import { loadCorpus } from "./harness/corpus.ts";
import { EchoingSockets, loadNeighbours, type NeighbourReport, neighbourApps } from "./harness/neighbours.ts";
import { type AttackReport, runAttack } from "./harness/run-attack.ts";

const DEFAULT_SECONDS = 10;
/** Of an attack that opens as many as it can. */
const DEFAULT_CONNECTIONS = 10_000;
const EXIT_USAGE = 2;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seconds: { type: "string" },
    connections: { type: "string" },
    json: { type: "string" },
  },
});
const seconds = Number(values.seconds ?? DEFAULT_SECONDS);
const connectionCount = Number(values.connections ?? DEFAULT_CONNECTIONS);
const attacks = await loadCorpus(values.only);
const misuse = findMisuse();
if (misuse !== null) {
  process.stderr.write(`${misuse}\n`);
  process.exit(EXIT_USAGE);
}
const attackApps = new AttackApps(attacks);
const apps = [...neighbourApps, ...attackApps.apps];
const fixture = new Fixture(apps, ATTACKED_SERVER);
const durationMs = seconds * 1_000;
try {
  process.stdout.write(`building ${apps.length} apps for ${attacks.length} attacks\n`);
  const nano = await NanoProcess.start(fixture.args);
  const sockets = new EchoingSockets(nano);
  try {
    // Neither isolates nor links are there before the first requests.
    await loadNeighbours(nano, { sockets, durationMs: 1_000 });
    const undisturbed = await loadNeighbours(nano, { sockets, durationMs });
    process.stdout.write(`undisturbed: ${describeNeighbours(undisturbed)}\n`);
    const reports: AttackReport[] = [];
    for (const attack of attacks) {
      const target = attackApps.aim(attack, { nano, fixture, connectionCount });
      const report = await runAttack(attack, target, { nano, sockets, durationMs, longestCpuMs: longestCpuMs(apps) });
      process.stdout.write(`${attack.id}: ${report.wrong.length === 0 ? "contained" : report.wrong.join("; ")}\n`);
      reports.push(report);
    }
    process.stdout.write(`\n${tableOf(reports, undisturbed)}\n`);
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ undisturbed, reports }, null, 2));
    const wrongCount = reports.filter(({ wrong }) => wrong.length > 0).length;
    process.stdout.write(`\n${reports.length} attacks, ${wrongCount} not as they must be\n`);
    for (const { id, wrong } of reports) for (const line of wrong) process.stdout.write(`${id}: ${line}\n`);
    process.exitCode = wrongCount === 0 ? 0 : 1;
  } finally {
    sockets.close();
    await nano.close();
  }
} finally {
  fixture.remove();
}

function findMisuse(): string | null {
  if (!(seconds > 0)) return `Not a number of seconds: ${values.seconds}`;
  if (!(connectionCount > 0)) return `Not a number of connections: ${values.connections}`;
  return attacks.length === 0 ? `No attack is called ${values.only}` : null;
}

function describeNeighbours({ quick, waiting, brokenSockets }: NeighbourReport): string {
  const failed = quick.failures.length + waiting.failures.length;
  return `p99 of quick ${ms(quick.p99Ms)}, of waiting ${ms(waiting.p99Ms)}, ${failed} failed, ${brokenSockets.length} sockets closed`;
}

function tableOf(reports: readonly AttackReport[], undisturbed: NeighbourReport): string {
  const head = [
    "attack",
    "outcome",
    "contained in",
    "neighbours failed",
    "lost",
    "sockets closed",
    `quick p99 (${ms(undisturbed.quick.p99Ms)})`,
    `waiting p99 (${ms(undisturbed.waiting.p99Ms)})`,
    "bound",
    "",
  ];
  const rows = reports.map(({ id, outcomes, medianMs, maxMs, neighbours, p99BoundMs, wrong }) => {
    const { quick, waiting, brokenSockets } = neighbours;
    return [
      id,
      Object.entries(outcomes)
        .map(([what, count]) => `${count} × ${what}`)
        .join(", "),
      `${ms(medianMs)}, at most ${ms(maxMs)}`,
      String(quick.failures.length + waiting.failures.length),
      String(quick.lost.length + waiting.lost.length),
      String(brokenSockets.length),
      ms(quick.p99Ms),
      ms(waiting.p99Ms),
      ms(p99BoundMs),
      wrong.length === 0 ? "" : "wrong",
    ];
  });
  return formatTable(head, rows);
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
