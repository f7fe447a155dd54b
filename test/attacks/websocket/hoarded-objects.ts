import { growsOn } from "../harness/unlimited-app.ts";
import { listenerAttack } from "../harness/websocket-attacks.ts";

export const attack = listenerAttack(
  "Keeps objects without end in a listener.",
  "const all = []; for (;;) all.push({ at: all.length });",
  { ends: ["1011 memory_limit", "1011 cpu_limit"], undefended: growsOn },
);
