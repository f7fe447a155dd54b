import { type Attack, describeAnswer } from "../harness/attack.ts";
import { endsByItsHeap } from "../harness/unlimited-app.ts";

/** Each has a context, beside the one that is made ahead. */
const AT_ONCE = 4;
const EXPECTED = ["502 worker_lost", "503 quarantined"];

const tenant = {
  source: `const kept = new Uint8Array(5e6);
export default { async fetch(request, env, ctx) {
  const held = Array.from({ length: 7 }, () => new ArrayBuffer(1e6));
  await new Promise((resolve) => setTimeout(resolve, 300));
  return new Response(String(held.length + kept.length));
} }`,
  settings: { limits: { memory_mb: 32, cpu_time_ms: 200 } },
};

export const attack: Attack = {
  tries: "Holds what the next context needs for the buffers of its heap: V8 ends its process where it gets none.",
  tenant,
  harm: "kills",
  async strike({ ask }) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => ask().then(describeAnswer)));
    const what = [...new Set(answers)].sort().join(", ");
    return { isContained: answers.every((answer) => EXPECTED.includes(answer)), what };
  },
  undefended: () => endsByItsHeap(tenant),
};
