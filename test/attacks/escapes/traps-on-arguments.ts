import { type Attack, answersText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  let reached = null;
  let asked = 0;
  let isLooking = false;
  const look = (...values) => {
    if (isLooking) return;
    isLooking = true;
    for (const value of values) {
      try {
        const found = value.constructor.constructor("return typeof process === 'undefined' ? null : process.pid")();
        if (typeof found === "number") reached = found;
      } catch {}
    }
    isLooking = false;
  };
  const spy = new Proxy(function () {}, {
    get(target, key, receiver) { look(receiver); if (++asked % 50 === 0) throw new Error("asked too often"); return key === Symbol.toPrimitive ? undefined : spy; },
    apply(_, self, args) { look(self, args, ...args); return spy; },
    construct(_, args) { look(args, ...args); return spy; },
    has: () => true,
  });
  const thenable = { then(resolve, reject) { look(resolve, reject); resolve("done"); } };
  for (const give of [() => new URL(spy), () => new Response(spy, spy), () => new Headers(spy), () => new Request("http://a.test/", spy),
    () => structuredClone(spy), () => setTimeout(spy, 0), () => console.log(spy), () => ctx.waitUntil(thenable),
    () => new Response(new ReadableStream({ pull: spy })), () => request.headers.forEach(spy)]) {
    try { give(); } catch {}
  }
  try { await thenable; } catch {}
  await new Promise((resolve) => setTimeout(resolve, 2));
  return new Response(typeof reached === "number" ? "escaped to process " + reached : "contained");
} }`,
};

export const attack: Attack = {
  tries: "Gives the host proxies as arguments, and looks at what their traps are handed.",
  tenant,
  strike: answersText("contained"),
  undefended: () => escapesHostRealm(tenant, "contained", { console: { log: () => undefined } }),
};
