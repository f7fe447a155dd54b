import { type Attack, endsAs } from "../harness/attack.ts";
import { burnsForEver } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  return new Response({ toString() { for (;;); } });
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Loops in a conversion that the platform calls, while it makes the response.",
  tenant,
  strike: endsAs("503 cpu_limit"),
  undefended: () => burnsForEver(tenant),
};
