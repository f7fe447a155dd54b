/** Apps that attacks at the edge ask. */
import type { Tenant } from "./attack.ts";

const LIMITS = { request_body_mb: 1, cpu_time_ms: 1000 };

/** An app that never answers, and is given up early. */
export const silentTenant: Tenant = {
  source: "export default { fetch: () => new Promise(() => {}) }",
  settings: { limits: { ...LIMITS, timeout_secs: 1 } },
};

/** @param handler body of its `fetch`, which may await */
export function edgeTenant(handler: string): Tenant {
  return {
    source: `export default { async fetch(request, env, ctx) { ${handler} } }`,
    settings: { limits: LIMITS },
  };
}
