/** What supervisor and egress process say to each other by IPC. */
import type { LinkedCommand, LinkedReport } from "../control/linked-process.ts";
import type { EgressSettings } from "./egress-config.ts";
import type { EgressCounts } from "./egress-counters.ts";

export type EgressCommand = LinkedCommand<EgressSettings>;
export type EgressReport = LinkedReport<EgressCounts>;
