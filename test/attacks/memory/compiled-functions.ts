import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const all = [];
  for (let i = 0; ; i++) all.push(new Function("return [" + i + ",1,2,3,4,5,6,7,8,9]"));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Has V8 compile functions without end.",
  tenant,
  strike: endsAs("503 memory_limit", "503 cpu_limit"),
  undefended: () => growsOn(tenant),
};
