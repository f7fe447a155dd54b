import { initAttack } from "../harness/init-attacks.ts";

export const attack = initAttack(
  "Keeps an object of Intl in its heap, which aborts the process that makes the snapshot.",
  `globalThis.kept = new Intl.NumberFormat("de");`,
  { told: null },
);
