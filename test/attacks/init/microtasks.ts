import { initAttack } from "../harness/init-attacks.ts";

export const attack = initAttack(
  "Never ends its top level: each promise reaction makes the next.",
  `const again = () => Promise.resolve().then(again);
again();`,
  { told: "(?:exceeded its memory limit|ran longer than)" },
);
