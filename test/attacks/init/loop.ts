import { initAttack } from "../harness/init-attacks.ts";

export const attack = initAttack("Loops for ever at its top level.", `for (;;);`, { told: "ran longer than" });
