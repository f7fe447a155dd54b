/**
 * `npm run soak:attacks -- [MINUTES] [--seed N] [--only PART,…] [--rate N] [--json FILE]`: mixed load on a whole NANO of one machine while attacks of the corpus
 * arrive at random, about one a second. Prints a line a minute and tables at the end, and exits 1 where a request failed, an attack was not
 * contained, or anything grew or was left.
 */
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ATTACKED_SERVER, AttackApps } from "../attacks/harness/attack-apps.ts";
import { loadCorpus } from "../attacks/harness/corpus.ts";
import { EchoingSockets, neighbourApps, REQUESTS_PER_SECOND } from "../attacks/harness/neighbours.ts";
import { Fixture } from "../support/fixtures.ts";
import { createMixApps } from "../support/load-mix.ts";
import { NanoProcess } from "../support/nano-process.ts";
import { drawAttacks } from "./attack-draw.ts";
import { type AttackVerdict, judgeAttackSoak, showAttackSoak } from "./attack-report.ts";
import { type AttackSoakResult, soakWithAttacks } from "./attacks.ts";
import { type ProcessLife, ProcessWatch } from "./process-watch.ts";

const FULL_MINUTES = 30;
/** Of an attack that opens as many as it can. */
const CONNECTIONS = 1_000;
/** An app of an attack takes seconds to build where the machine has others to serve. */
const START_TIMEOUT_MS = 600_000;
const MAX_SEED = 2 ** 31;
const EXIT_USAGE = 2;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    only: { type: "string", default: "" },
    rate: { type: "string", default: String(REQUESTS_PER_SECOND) },
    json: { type: "string" },
  },
});
const minutes = countOf("MINUTES", positionals[0] ?? String(FULL_MINUTES));
const seed = countOf("--seed", values.seed ?? String(randomInt(MAX_SEED)));
const requestsPerSecond = countOf("--rate", values.rate);
const attacks = (await Promise.all(values.only.split(",").map((part) => loadCorpus(part)))).flat();
if (attacks.length === 0) {
  process.stderr.write(`No attack is called ${values.only}\n`);
  process.exit(EXIT_USAGE);
}

const attackApps = new AttackApps(attacks);
const neighbours = new Set(neighbourApps.map(({ hostname }) => hostname));
const apps = [
  ...neighbourApps,
  ...createMixApps().filter(({ hostname }) => !neighbours.has(hostname)),
  ...attackApps.apps,
];
const fixture = new Fixture(apps, ATTACKED_SERVER);
try {
  print(`seed ${seed}: ${attacks.length} attacks, ${minutes} minutes; building ${apps.length} apps`);
  const nano = await NanoProcess.start(fixture.args, { timeoutMs: START_TIMEOUT_MS });
  const watch = new ProcessWatch(nano.pid);
  const sockets = new EchoingSockets(nano);
  let result: AttackSoakResult;
  try {
    result = await soakWithAttacks(nano, watch, {
      sockets,
      hosts: attackApps.apps.map(({ hostname }) => hostname),
      durationMs: minutes * 60_000,
      requestsPerSecond,
      nextArrival: drawAttacks(attacks, seed),
      aim: (attack) => attackApps.aim(attack, { nano, fixture, connectionCount: CONNECTIONS }),
      onProgress: print,
    });
  } finally {
    watch.stop();
    sockets.close();
    await nano.close();
  }
  const left = await watch.findLeft();
  const verdict = judgeAttackSoak({ result, lives: watch.lives, left });
  print(`\n${showAttackSoak(result, watch.lives)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, jsonOf(result, watch.lives, verdict));
  print(`seed ${seed}: ${verdict.summary}`);
  for (const line of verdict.wrong) print(`wrong: ${line}`);
  process.exitCode = verdict.wrong.length === 0 ? 0 : 1;
} finally {
  fixture.remove();
}

function jsonOf(result: AttackSoakResult, lives: readonly ProcessLife[], verdict: AttackVerdict): string {
  return JSON.stringify({ seed, minutes, ...verdict, result, processes: lives }, null, 2);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function countOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  process.stderr.write(`${name} is no number: ${text}\n`);
  process.exit(EXIT_USAGE);
}
