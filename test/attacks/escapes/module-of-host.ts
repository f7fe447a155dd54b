import { createRequire } from "node:module";
import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  const name = ["node", "fs"].join(":");
  const { require } = globalThis;
  const ways = [() => import(name), () => new Function("name", "return import(name)")(name), () => require(name), () => process.binding("fs"),
    () => process.mainModule.require("fs"), () => process.getBuiltinModule("fs"), () => globalThis.module.require("fs"), () => process.dlopen({ exports: {} }, "/lib/x.so")];
  for (const way of ways) {
    try {
      const found = await way();
      if (typeof found?.readFileSync === "function") return new Response("escaped: reads files, such as " + found.readFileSync("/proc/self/comm", "utf8"));
    } catch {}
  }
  return new Response("contained");
} }`,
};

export const attack: Attack = {
  tries: "Imports and requires modules of the host, by every name that leads to them.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained", { require: createRequire(import.meta.url) }),
};
