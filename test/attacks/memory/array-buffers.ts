import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const all = [];
  for (;;) all.push(new Uint8Array(1 << 20).fill(1));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Keeps buffers outside of the heap without end.",
  tenant,
  strike: endsAs("500 handler_threw", "503 memory_limit"),
  undefended: () => growsOn(tenant),
};
