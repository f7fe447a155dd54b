import { type Attack, endsAs } from "../harness/attack.ts";
import { growsOn } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const error = new Error("x");
  Object.defineProperty(error, "message", { get() { const all = []; for (;;) all.push({ at: all.length }); } });
  throw error;
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Throws an error whose message is a getter that keeps objects without end.",
  tenant,
  strike: endsAs("503 memory_limit"),
  undefended: () => growsOn(tenant),
};
