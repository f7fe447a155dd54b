import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  let chain = () => 0;
  for (let i = 0; ; i++) { const before = chain; chain = () => before() + i; }
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Makes a chain of closures, each of which keeps the one before.",
  tenant,
  strike: endsAs("503 memory_limit"),
  undefended: () => growsOn(tenant),
};
