import { takesItsProcess } from "../harness/unlimited-app.ts";
import { listenerAttack } from "../harness/websocket-attacks.ts";

export const attack = listenerAttack(
  "Hangs in a listener: a loop that calls nothing but V8's own parser, which seldom looks whether it is to stop.",
  'const text = "[" + "1,".repeat(1e6) + "1]"; for (;;) JSON.parse(text);',
  {
    harm: "hangs",
    ends: ["1011 cpu_limit", "1012 worker_lost", "503 websocket_held_back"],
    undefended: takesItsProcess,
  },
);
