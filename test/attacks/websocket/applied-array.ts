import { takesItsProcess } from "../harness/unlimited-app.ts";
import { listenerAttack } from "../harness/websocket-attacks.ts";

export const attack = listenerAttack(
  "Ends its process in a listener: applies a function to a hundred million arguments.",
  "Math.max.apply(null, new Array(1e8).fill(1));",
  // Who ended one has to wait for the next of its own.
  { harm: "kills", ends: ["1012 worker_lost", "503 websocket_held_back"], undefended: takesItsProcess },
);
