import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const endless = { *[Symbol.iterator]() { for (let i = 0; ; i++) yield i; } };
  return new Response(String(Map.groupBy(endless, (value) => value).size));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Groups what an endless iterator yields.",
  tenant,
  strike: endsAs("503 memory_limit"),
  undefended: () => growsOn(tenant),
};
