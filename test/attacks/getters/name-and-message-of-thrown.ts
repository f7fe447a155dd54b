import { type Attack, endsAs } from "../harness/attack.ts";
import { burnsForEver } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const loop = { get() { for (;;); } };
  throw Object.defineProperties({}, { name: loop, message: loop, stack: loop, cause: loop, toString: loop });
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Throws what has a getter that loops in the place of each text that is read for the log.",
  tenant,
  strike: endsAs("503 cpu_limit"),
  undefended: () => burnsForEver(tenant),
};
