import { initAttack } from "../harness/init-attacks.ts";

export const attack = initAttack("Backtracks for ever at its top level.", `/^(a+)+$/.test("a".repeat(60) + "b");`, {
  told: "ran longer than",
});
