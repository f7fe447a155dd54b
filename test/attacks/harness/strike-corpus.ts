/** Attacks as tests: each arrives once at a NANO that they share, and the neighbours are asked before and after. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "../../support/fixtures.ts";
import { NanoProcess } from "../../support/nano-process.ts";
import { ATTACKED_SERVER, AttackApps } from "./attack-apps.ts";
import { byGroup, loadCorpus, type NamedAttack } from "./corpus.ts";
import { neighbourApps } from "./neighbours.ts";
import { strikeOnce } from "./run-attack.ts";

const START_TIMEOUT_MS = 120_000;
const STRIKE_TIMEOUT_MS = 60_000;

const corpus = await loadCorpus();

export function strikeCorpus(includes: (attack: NamedAttack) => boolean, { isSequential = false } = {}): void {
  // What waits for long begins.
  const attacks = corpus.filter(includes).sort((a, b) => Number(b.isLong ?? false) - Number(a.isLong ?? false));
  const attackApps = new AttackApps(attacks);
  const fixture = new Fixture([...neighbourApps, ...attackApps.apps], ATTACKED_SERVER);
  let nano: NanoProcess | null = null;
  const serving = (): NanoProcess => {
    if (nano === null) throw new Error("NANO serves only while tests run");
    return nano;
  };
  const askNeighbour = async (): Promise<string> => {
    const { text } = await serving().ask("named.localhost", "/", { headers: { "x-request-tag": "near" } });
    return text;
  };

  beforeAll(async () => {
    nano = await NanoProcess.start(fixture.args);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await nano?.close();
    fixture.remove();
  });

  const suite = isSequential ? describe : describe.concurrent;
  suite.each(byGroup(attacks))("%s", (_, group) => {
    test.each(group.map((attack) => [attack.name, attack] as const))(
      "%s is contained",
      async (_name, attack) => {
        const outcome = await strikeOnce(attack, attackApps.aim(attack, serving(), fixture));
        expect(outcome).toEqual({ isContained: true, what: outcome.what });
        expect(await askNeighbour()).toBe("tag near");
      },
      STRIKE_TIMEOUT_MS,
    );
  });
}
