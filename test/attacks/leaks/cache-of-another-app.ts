import { type Attack, judgeText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

const cacheOfAll = { match: async () => new Response("the secret of another app") };
const cachesOfAll = { default: cacheOfAll, open: async () => cacheOfAll };

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  const caches_ = [caches.default, await caches.open("shared")];
  for (const cache of caches_) {
    const found = await cache.match("http://shared.test/secret");
    if (found !== undefined) return new Response("found " + (await found.text()));
  }
  return new Response("nothing");
} }`,
};

const victim = {
  source: `export default { async fetch(request, env, ctx) {
  const response = () => new Response("the secret of another app", { headers: { "cache-control": "max-age=600" } });
  await caches.default.put("http://shared.test/secret", response());
  await (await caches.open("shared")).put("http://shared.test/secret", response());
  return new Response("kept");
} }`,
};

export const attack: Attack = {
  tries: "Looks in the cache for what another app keeps there, under the same name and URL.",
  tenant,
  victim,
  async strike({ ask, askVictim }) {
    const kept = judgeText(await askVictim(), "kept");
    if (!kept.isContained) return kept;
    return judgeText(await ask(), "nothing");
  },
  undefended: () => escapesHostRealm(tenant, "nothing", { caches: cachesOfAll }),
};
