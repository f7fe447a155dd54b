/** An app that attacks at the edge ask. */
import type { Tenant } from "./attack.ts";

const SETTINGS = { limits: { request_body_mb: 1, timeout_secs: 1, cpu_time_ms: 1000 } };

/** All of the same settings are modules of one. @param handler body of its `fetch`, which may await */
export function edgeTenant(handler: string, settings: Tenant["settings"] = SETTINGS): Tenant {
  return {
    source: `export default { async fetch(request, env, ctx) { ${handler} } }`,
    settings,
  };
}
