import { type Attack, endsAs } from "../harness/attack.ts";
import { burnsForEver } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const again = () => {
    Promise.reject(Object.defineProperty(new Error("x"), "stack", { get() { return "y".repeat(1e6); } }));
    return Promise.resolve().then(again);
  };
  return again();
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Rejects without end, each rejection with a getter of its own.",
  tenant,
  strike: endsAs("503 cpu_limit"),
  undefended: () => burnsForEver(tenant),
};
