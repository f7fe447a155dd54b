import { type Attack, judgeText } from "../harness/attack.ts";
import { escapesHostRealm } from "../harness/host-realm.ts";

/** What a host would give that hands out its pool. */
const buffersAsTheyWere = {
  allocUnsafe: (size: number) => Buffer.alloc(size, "the text of another owner "),
  allocUnsafeSlow: (size: number) => Buffer.allocUnsafeSlow(size),
};

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const parts = [new Uint8Array(1 << 20)];
  if (typeof Buffer !== "undefined") for (let i = 0; i < 64; i++) parts.push(Buffer.allocUnsafe(1024), Buffer.allocUnsafeSlow(4096));
  parts.push(new TextEncoder().encode("x"), new Uint8Array(crypto.getRandomValues(new Uint8Array(16)).buffer), new Uint8Array(new TextEncoder().encode("y").buffer));
  for (const part of parts) {
    const text = String.fromCharCode(...part.subarray(0, 8192));
    if (text.includes("another owner")) return new Response("found " + text.slice(0, 40));
  }
  return new Response("nothing");
} }`,
  settings: { limits: { cpu_time_ms: 500 } },
};

const victim = {
  source: `export default { async fetch(request, env, ctx) {
  return new Response(String((await request.arrayBuffer()).byteLength));
} }`,
};

export const attack: Attack = {
  tries: "Looks into memory that it is given for what another app had there.",
  tenant,
  victim,
  async strike({ ask, askVictim }) {
    await askVictim("", { method: "POST", body: "the text of another owner ".repeat(1_000) });
    return judgeText(await ask(), "nothing");
  },
  undefended: () => escapesHostRealm(tenant, "nothing", { Buffer: buffersAsTheyWere, TextEncoder }),
};
