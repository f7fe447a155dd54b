import { type Attack, endsAs } from "../harness/attack.ts";
import { burnsForEver } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const wide = Array.from({ length: 2000 }, (_, i) => ({ i, text: "x".repeat(20) }));
  for (;;) JSON.parse(JSON.stringify(wide));
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  // As with what calls the host alone: V8 seldom looks for its end in a loop that calls nothing but functions of its own.
  tries: "Has V8 serialise the same object again and again, without a loop of its own that is long.",
  tenant,
  harm: "hangs",
  strike: endsAs("503 cpu_limit", "502 worker_lost", "503 quarantined"),
  undefended: () => burnsForEver(tenant),
};
