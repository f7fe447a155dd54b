import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const texts = [];
  for (const read of [() => process.env, () => process.argv, () => process.execArgv, () => globalThis.process.env, () => env, () => process.memoryUsage(), () => process.report.getReport()]) {
    try { texts.push(JSON.stringify(read()) ?? ""); } catch {}
  }
  const found = /"(PATH|HOME)":|\\/services\\/|node_modules|--permission|"rss":[1-9]/.exec(texts.join(" "));
  return new Response(found === null ? "nothing" : "found " + found[0]);
} }`,
};

export const attack: Attack = {
  tries: "Reads the environment, arguments and memory of the process that it runs in, by whatever shows them.",
  tenant,
  strike: answersText("nothing"),
  undefended: () => escapesHostRealm(tenant, "nothing", { process }),
};
