import { type Attack, endsAs } from "../harness/attack.ts";
import { breaksNaiveHost } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  try { Error.prepareStackTrace = () => { for (;;); }; } catch {}
  try { Object.defineProperty(Error, "prepareStackTrace", { value() { for (;;); } }); } catch {}
  const error = new TypeError("x");
  return error.stack === undefined ? null : Promise.reject(error);
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Sets the function that formats stacks to one that loops, and throws.",
  tenant,
  strike: endsAs("500 handler_threw"),
  undefended: () => breaksNaiveHost(tenant),
};
