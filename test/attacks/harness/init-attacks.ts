/** Attacks on the builder, by what an app does at its top level. Without the builder's walls, they take the process that makes the snapshot. */
import { fileURLToPath } from "node:url";
import type { Attack, Tenant } from "./attack.ts";
import { describeAnswer, inTurn } from "./attack.ts";
import { watchUnlimited } from "./unlimited-app.ts";

const BARE_MAIN = fileURLToPath(new URL("bare-snapshot.main.ts", import.meta.url));
const BUILT_WITHIN_MS = 45_000;
const BURNT_MS = 500;
const HUNG_MS = 1_500;
const GROWN_BYTES = 192 * 1024 * 1024;

export interface InitAttackOptions {
  /** Pattern of the error that its build ends with, as its author is told. Null: it is built, and served. */
  readonly told: string | null;
  readonly settings?: Tenant["settings"];
}

/** Each arrival is an edit, and so a build of its own. */
export function initAttack(tries: string, topLevel: string, { told, settings }: InitAttackOptions): Attack {
  const source = `${topLevel}\nexport default { fetch: () => new Response("served") };`;
  const tenant: Tenant = {
    source,
    isAlone: true,
    settings: { ...settings, limits: { init_time_ms: 300, memory_mb: 32 } },
  };
  let editCount = 0;
  return {
    tries,
    tenant,
    strike: inTurn(async ({ ask, fixture, host, nano }) => {
      const app = host.replace(/\.localhost$/, "");
      const from = nano.output.length;
      editCount += 1;
      fixture.edit(host, `${fixture.sourceOf(host)}\nglobalThis.editCount = ${editCount};`);
      await nano.waitForOutput(new RegExp(told === null ? `✓ ${app}` : `✗ ${app}[^]*${told}`), from, BUILT_WITHIN_MS);
      const what = describeAnswer(await ask());
      return { isContained: what === (told === null ? "200" : "503 not_built"), what: `${told ?? "built"}, ${what}` };
    }),
    undefended: () =>
      watchUnlimited(tenant, {
        main: BARE_MAIN,
        proves: ({ answers, cpuMs, grownBytes, elapsedMs, end }) => {
          if (end?.startsWith("SIG") || (end !== null && end !== "code 0")) return `ended its process: ${end}`;
          if (answers.length > 0) return null;
          if (grownBytes > GROWN_BYTES) return "grew and went on";
          if (cpuMs > BURNT_MS) return `burnt ${cpuMs} ms and went on`;
          return elapsedMs > HUNG_MS ? "never ended" : null;
        },
      }),
  };
}
