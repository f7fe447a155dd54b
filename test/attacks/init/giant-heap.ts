import type { Attack } from "../harness/attack.ts";
import { initAttack } from "../harness/init-attacks.ts";
import { endsByItsHeap } from "../harness/unlimited-app.ts";

const attacked = initAttack(
  "Leaves a heap that its limit lets it have once: V8 ends the process that restores it, where there is no room for it twice.",
  `globalThis.kept = new Uint8Array(24e6);`,
  { told: "does not start from any form of sliver" },
);

export const attack: Attack = {
  ...attacked,
  undefended: async () => (attacked.tenant === undefined ? null : endsByItsHeap(attacked.tenant)),
};
