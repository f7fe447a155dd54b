import { type Attack, endsAs } from "../harness/attack.ts";
import { burnsForEver } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch() {
  const error = new Error("x");
  Object.defineProperty(error, "stack", { get() { for (;;); } });
  Promise.reject(error);
  return new Response("answered");
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Rejects with an error whose stack is a getter that loops, which V8's own limit does not cover.",
  tenant,
  harm: "hangs",
  strike: endsAs("502 worker_lost", "503 quarantined", "503 cpu_limit"),
  undefended: () => burnsForEver(tenant),
};
