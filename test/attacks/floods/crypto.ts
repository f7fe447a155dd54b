import { type Attack, describeAnswer, judgeText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

/** Takes all that it is asked for. */
const cryptoWithoutBounds = {
  subtle: { importKey: async () => ({}), deriveBits: () => new Promise(() => undefined) },
};

const tenant = {
  source: `export default { async fetch(request, env, ctx) {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
  let refused = 0;
  const derive = () => crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(8), iterations: 2_000_000 }, key, 256).catch(() => { refused++; });
  const all = Array.from({ length: 1000 }, derive);
  await Promise.race([Promise.all(all), new Promise((resolve) => setTimeout(resolve, 200))]);
  return new Response(refused >= 900 ? "bounded" : "queued " + (1000 - refused));
} }`,
  settings: { limits: { cpu_time_ms: 1000, timeout_secs: 5 } },
};

export const attack: Attack = {
  tries: "Asks for a thousand derivations of keys, each of which takes a second of a core.",
  tenant,
  async strike({ ask }) {
    const answer = await ask();
    const what = describeAnswer(answer);
    return what === "503 cpu_limit" ? { isContained: true, what } : judgeText(answer, "bounded");
  },
  undefended: () => escapesHostRealm(tenant, "bounded", { crypto: cryptoWithoutBounds }),
};
