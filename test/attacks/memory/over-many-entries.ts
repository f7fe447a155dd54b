import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const all = [];
  setInterval(() => { for (let i = 0; i < 2e4; i++) all.push({ at: all.length, text: "x" + i }); }, 0);
  return new Promise(() => {});
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Grows a little in each of many entries.",
  tenant,
  // Lost, where the isolate is ended in an entry that is nobody's.
  strike: endsAs("503 memory_limit", "503 cpu_limit", "502 isolate_lost"),
  undefended: () => growsOn(tenant),
};
