import { growsOn } from "../harness/unlimited-app.ts";
import { listenerAttack } from "../harness/websocket-attacks.ts";

export const attack = listenerAttack(
  "Keeps objects without end in a listener.",
  "const all = []; for (;;) all.push({ at: all.length });",
  {
    ends: ["1011 memory_limit"],
    settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
    undefended: growsOn,
  },
);
