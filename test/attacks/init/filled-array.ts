import { initAttack } from "../harness/init-attacks.ts";

export const attack = initAttack(
  "Has V8 run out of memory at its top level, where it cannot say so.",
  `const all = new Array(5e8).fill(0);`,
  { told: "(?:exceeded its memory limit|ran longer than)" },
);
