import { initAttack } from "../harness/init-attacks.ts";

export const attack = initAttack(
  "Keeps objects without end at its top level.",
  `const all = [];
for (;;) all.push({ at: all.length });`,
  { told: "(?:exceeded its memory limit|ran longer than)" },
);
