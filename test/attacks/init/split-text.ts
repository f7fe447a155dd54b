import { initAttack } from "../harness/init-attacks.ts";

export const attack = initAttack(
  "Ends the process of its build by a trap of V8.",
  `const all = "x".repeat(2e8).split("");`,
  { told: "(?:exceeded its memory limit|ran longer than)" },
);
