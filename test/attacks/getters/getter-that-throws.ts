import { type Attack, endsAs } from "../harness/attack.ts";
import { breaksNaiveHost } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const nest = (depth) => Object.defineProperty({}, "message", { get() { throw depth > 1000 ? new Array(1e6).fill("x").join("") : nest(depth + 1); } });
  throw nest(0);
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Throws what throws when it is read, and again when that is.",
  tenant,
  strike: endsAs("500 handler_threw"),
  undefended: () => breaksNaiveHost(tenant),
};
