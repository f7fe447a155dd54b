import { type Attack, endsAs } from "../harness/attack.ts";
import { burnsForEver } from "../harness/unlimited-app.ts";

const tenant = {
  source: `export default { fetch(request, env, ctx) {
  const source = new ReadableStream({ pull(controller) { controller.enqueue("x"); } });
  return source.pipeTo(new WritableStream({ write() {} })).then(() => new Response("piped"));
} }`,
  settings: { limits: { cpu_time_ms: 50 } },
};

export const attack: Attack = {
  tries: "Pipes a stream that is always ready into one that is, within one entry.",
  tenant,
  strike: endsAs("503 cpu_limit"),
  undefended: () => burnsForEver(tenant),
};
