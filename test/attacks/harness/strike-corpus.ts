/** Attacks as tests: each arrives once at a NANO that they share, and the neighbours are asked after each. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fixture } from "../../support/fixtures.ts";
import { NanoProcess } from "../../support/nano-process.ts";
import { ATTACKED_SERVER, AttackApps } from "./attack-apps.ts";
import { byGroup, loadCorpus, type NamedAttack } from "./corpus.ts";
import { EchoingSockets, isBlastRadius, neighbourApps } from "./neighbours.ts";
import { strikeOnce } from "./run-attack.ts";

const START_TIMEOUT_MS = 120_000;
const STRIKE_TIMEOUT_MS = 60_000;
/** Of an attack that opens as many as it can; the long form has more. */
const CONNECTIONS = 2_000;

const corpus = await loadCorpus();

export function strikeCorpus(includes: (attack: NamedAttack) => boolean, { isSequential = false } = {}): void {
  // What waits for long begins.
  const attacks = corpus.filter(includes).sort((a, b) => Number(b.isLong ?? false) - Number(a.isLong ?? false));
  const attackApps = new AttackApps(attacks);
  const fixture = new Fixture([...neighbourApps, ...attackApps.apps], ATTACKED_SERVER);
  let serving: { readonly nano: NanoProcess; readonly sockets: EchoingSockets } | null = null;
  const attacked = (): NonNullable<typeof serving> => {
    if (serving === null) throw new Error("NANO serves only while tests run");
    return serving;
  };
  const askNeighbour = async (): Promise<string> => {
    const { text } = await attacked().nano.ask("named.localhost", "/", { headers: { "x-request-tag": "near" } });
    return text;
  };

  beforeAll(async () => {
    const nano = await NanoProcess.start(fixture.args);
    serving = { nano, sockets: new EchoingSockets(nano) };
    await serving.sockets.open();
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    const broken = await serving?.sockets.takeBroken();
    serving?.sockets.close();
    await serving?.nano.close();
    fixture.remove();
    expect(broken, "connections of a neighbour").toEqual([]);
  });

  const suite = isSequential ? describe : describe.concurrent;
  suite.each(byGroup(attacks))("%s", (_, group) => {
    test.each(group.map((attack) => [attack.name, attack] as const))(
      "%s is contained",
      async (_name, attack) => {
        const { nano, sockets } = attacked();
        const target = attackApps.aim(attack, { nano, fixture, connectionCount: CONNECTIONS, isShort: true });
        const outcome = await strikeOnce(attack, target);
        expect(outcome).toEqual({ isContained: true, what: outcome.what });
        expect(await askNeighbour()).toBe("tag near");
        if (!isSequential) return;
        expect((await sockets.takeBroken()).filter((end) => !isBlastRadius(attack, end))).toEqual([]);
        await sockets.open();
      },
      STRIKE_TIMEOUT_MS,
    );
  });
}
