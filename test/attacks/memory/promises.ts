import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const all = [];
  for (;;) all.push(new Promise(() => {}));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Keeps promises that never settle.",
  tenant,
  strike: endsAs("503 memory_limit"),
  undefended: () => growsOn(tenant),
};
