import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  let sites = [];
  const before = Error.prepareStackTrace;
  try { Error.prepareStackTrace = (_, given) => { sites = given; return ""; }; } catch {}
  try { Object.defineProperty(Error, "prepareStackTrace", { configurable: true, value: (_, given) => { sites = given; return ""; } }); } catch {}
  void new Error("x").stack;
  try { null.x; } catch (error) { void error.stack; }
  return new Response(sites.length === 0 ? "contained" : "escaped: holds " + sites[0].constructor.name);
} }`,
};

export const attack: Attack = {
  tries: "Has V8 hand out call sites, whose functions and receivers are those of the host below.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained"),
};
