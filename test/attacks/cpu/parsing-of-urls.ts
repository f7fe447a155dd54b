import { type Attack, endsAs } from "../harness/attack.ts";
import { burnsForEver } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  for (let i = 0; ; i++) new URL("http://ex\\u00e4mple-" + i + ".test/a/../b?" + "\\u20ac".repeat(50));
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  // V8 seldom looks for its end in a compiled loop that calls the host alone: it is up to a second late, and the supervisor is first.
  tries: "Has the host work without end: URLs that only it can parse, one after the other.",
  tenant,
  harm: "hangs",
  strike: endsAs("503 cpu_limit", "502 worker_lost", "503 quarantined"),
  undefended: () => burnsForEver(tenant),
};
