import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  const fetches = Array.from({ length: 1000 }, () => fetch("http://127.0.0.2:9/").then(() => "answered", (error) => /limit|at once|subrequest|too many/i.test(error.message) ? "refused" : "failed"));
  const outcomes = await Promise.all(fetches);
  const refused = outcomes.filter((outcome) => outcome === "refused").length;
  return new Response(refused >= 950 ? "bounded" : "left " + (1000 - refused));
} }`,
  settings: { limits: { cpu_time_ms: 1000 } },
};

export const attack: Attack = {
  tries: "Begins a thousand fetches at once.",
  tenant,
  strike: answersText("bounded"),
  undefended: () => escapesHostRealm(tenant, "bounded", { fetch: async () => new Response("") }),
};
