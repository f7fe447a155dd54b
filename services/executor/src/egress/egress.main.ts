/** The egress process: the only one of an executor that opens connections for tenant code. */
import { serveLinked } from "../linked/serve-linked.ts";
import { type EgressSettings, resolveEgressConfig } from "./egress-config.ts";
import type { EgressCounts } from "./egress-counters.ts";
import { EgressServer } from "./egress-server.ts";

serveLinked<EgressSettings, EgressCounts>(
  "egress",
  (settings, report) => new EgressServer({ config: resolveEgressConfig(settings), report }),
);
