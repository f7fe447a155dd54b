import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  let reached = null;
  const look = (value) => { try { reached ??= value.constructor.constructor("return typeof process === 'undefined' ? null : process.pid")(); } catch {} };
  const source = { start: (controller) => { look(controller); controller.enqueue("x"); controller.close(); }, pull: look, cancel: look };
  const stream = new ReadableStream(source);
  look(stream);
  const reader = stream.getReader();
  look(reader);
  const chunk = await reader.read();
  look(chunk);
  look(chunk.constructor);
  const target = new AbortController();
  target.signal.addEventListener("abort", (event) => { look(event); look(event.target); look(event.composedPath?.()); });
  target.abort();
  look(target.signal.reason);
  return new Response(typeof reached === "number" ? "escaped to process " + reached : "contained");
} }`,
};

export const attack: Attack = {
  tries: "Makes the platform call its own stream, reader and event methods with receivers of the tenant.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained", { ReadableStream, AbortController }),
};
