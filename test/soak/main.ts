/** `npm run churn -- [MINUTES] [--slivers N] [--restores N] [--alive N]`: makes the slivers, then churns them in a process with a worker's flags. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { workerArguments } from "@nano/executor/control/worker-permissions";
import { CHURN_END, type ChurnJob } from "./churn.ts";
import { makeChurnSlivers } from "./churn-slivers.ts";

const CHURN_ENTRY = fileURLToPath(new URL("churn.main.ts", import.meta.url));
const TESTS = fileURLToPath(new URL("../", import.meta.url));
const FULL_MINUTES = 30;
const FULL_RESTORES = 20_000;
const MADE_EVERY = 20;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    slivers: { type: "string", default: "200" },
    alive: { type: "string", default: "200" },
    restores: { type: "string" },
  },
});
const minutes = countOf("MINUTES", positionals[0] ?? String(FULL_MINUTES));
const sliverCount = countOf("--slivers", values.slivers);
const aliveCount = countOf("--alive", values.alive);
// At the same rate, however long.
const restoreCount = countOf(
  "--restores",
  values.restores ?? String(Math.ceil((FULL_RESTORES * minutes) / FULL_MINUTES)),
);

const directory = mkdtempSync(join(tmpdir(), "nano-churn-"));
process.once("SIGINT", () => process.exit(130));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
const slivers = await makeChurnSlivers(sliverCount, {
  directory,
  onMade: (made) => {
    if (made % MADE_EVERY === 0 || made === sliverCount)
      process.stdout.write(`${made} of ${sliverCount} slivers made\n`);
  },
});
const job: ChurnJob = { slivers, restoreCount, aliveCount, durationMs: minutes * 60_000 };
const jobPath = join(directory, "job.json");
writeFileSync(jobPath, JSON.stringify(job));
process.exitCode = await churn(jobPath);

/** Exit code of the run: a crash is 1. */
async function churn(jobPath: string): Promise<number> {
  const flags = [...workerArguments(directory, "http"), `--allow-fs-read=${TESTS}`];
  const child = spawn(process.execPath, [...flags, CHURN_ENTRY, jobPath], { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  let hasEnded = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    hasEnded = line === CHURN_END;
    if (!hasEnded) process.stdout.write(`${line}\n`);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once("close", (...ending) => resolve(ending));
  });
  if (signal === null) return code ?? 1;
  // isolated-vm's threads may meet a process that is being torn down.
  const place = hasEnded ? "after its result, while it exited" : "under way";
  process.stdout.write(`crashed ${place}: the process ended by ${signal}\n`);
  return hasEnded ? 0 : 1;
}

function countOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  process.stderr.write(`${name} is no number: ${text}\n`);
  process.exit(2);
}
