import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const PRELUDE = `function platform() { return ["x-internal: 1"].map((line) => line.split(":")); }`;

const tenant = {
  source: `const passed = [];
const { apply } = Reflect;
let count = 0;
const keep = (original) => function () {
  passed[count++] = this;
  for (let i = 0; i < arguments.length; i++) passed[count++] = arguments[i];
  return apply(original, this, arguments);
};
const includes = (text, part) => apply(indexOf, text, [part]) >= 0;
const { indexOf } = String.prototype;
for (const [prototype, names] of [[Function.prototype, ["call", "apply", "bind"]], [Array.prototype, ["push", "map", "forEach", "join", "slice"]],
  [Map.prototype, ["get", "set", "has"]], [Promise.prototype, ["then"]], [String.prototype, ["split", "slice", "toLowerCase"]], [WeakMap.prototype, ["get", "set"]]]) {
  for (const name of names) prototype[name] = keep(prototype[name]);
}
export default { async fetch(request, env, ctx) {
  count = 0;
  new URL("http://user:secret@a.test/");
  new Headers({ "x-internal": "value" });
  await new Response("x").text();
  globalThis.platform?.();
  let internal = 0;
  for (let i = 0, all = count; i < all; i++) if (typeof passed[i] === "function" || (typeof passed[i] === "string" && includes(passed[i], "x-internal"))) internal++;
  return new Response(internal === 0 ? "contained" : "escaped: saw " + internal + " values of the platform");
} }`,
  isAlone: true,
};

export const attack: Attack = {
  tries: "Replaces the methods that the platform might use, at init, and keeps what passes through them.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained", { prelude: PRELUDE }),
};
