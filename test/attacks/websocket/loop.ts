import { burnsForEver } from "../harness/unlimited-app.ts";
import { listenerAttack } from "../harness/websocket-attacks.ts";

export const attack = listenerAttack("Loops for ever in a listener.", "for (;;);", {
  ends: ["1011 cpu_limit"],
  undefended: burnsForEver,
});
