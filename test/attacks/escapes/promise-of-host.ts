import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  const reached = [];
  const note = (value) => {
    try { reached.push(value.constructor.constructor("return typeof process === 'undefined' ? null : process.pid")()); } catch {}
    return value;
  };
  const promises = [request.text(), new Response("a").arrayBuffer(), new Response("{}").json(), request.clone().blob()];
  for (const promise of promises) {
    note(promise);
    note(await promise.then(note, note).catch(note));
  }
  const found = reached.find((pid) => typeof pid === "number");
  return new Response(found === undefined ? "contained" : "escaped to process " + found);
} }`,
};

export const attack: Attack = {
  tries: "Goes by a promise that the host settles, its reactions and what it settles with, to the realm that made it.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained"),
};
