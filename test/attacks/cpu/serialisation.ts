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
  tries: "Has V8 serialise the same object again and again, without a loop of its own that is long.",
  tenant,
  strike: endsAs("503 cpu_limit"),
  undefended: () => burnsForEver(tenant),
};
