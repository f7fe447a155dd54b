import type { Attack } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";
import { initAttack } from "../harness/init-attacks.ts";

const LINES = 20_000;
/** What the log of a build may have of them. */
const MAX_LOGGED = 1_000;
const LINE = "a line of a flood at the top level";
const TOP_LEVEL = `for (let i = 0; i < ${LINES}; i++) console.log("${LINE}", i);`;

const attacked = initAttack("Logs twenty thousand lines at its top level.", TOP_LEVEL, { told: null });

export const attack: Attack = {
  ...attacked,
  async strike(target) {
    const from = target.nano.output.length;
    const { isContained, what } = await attacked.strike(target);
    const loggedCount = target.nano.output.slice(from).split(LINE).length - 1;
    if (loggedCount > MAX_LOGGED) return { isContained: false, what: `${what}, ${loggedCount} lines logged` };
    return { isContained, what };
  },
  async undefended() {
    const kept: string[] = [];
    const source = `${TOP_LEVEL}\nexport default { fetch: () => new Response("served") };`;
    await escapesHostRealm({ source }, "", { console: { log: (line: string) => void kept.push(line) } });
    return kept.length >= LINES ? `kept ${kept.length} lines` : null;
  },
};
