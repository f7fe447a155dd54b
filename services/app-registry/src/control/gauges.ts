/** Figures of what the registry holds, counted at each scrape. */
import type { RecordKind } from "@nano/protocol/records";
import type { Metrics } from "@nano/service-kit/metrics";
import type { Catalog } from "../catalog/catalog.ts";
import type { BuildWatcher } from "./build-watcher.ts";

const KINDS: readonly RecordKind[] = ["app", "version", "build", "route", "node"];

export function registerGauges(metrics: Metrics, parts: { catalog: Catalog; watcher: BuildWatcher }): void {
  metrics.gauge({
    name: "records_count",
    help: "Records in the control store by kind",
    labels: ["kind"],
    collect: (gauge) => {
      const counts = new Map<RecordKind, number>(KINDS.map((kind) => [kind, 0]));
      for (const { kind } of parts.catalog.state.records.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      for (const [kind, count] of counts) gauge.set({ kind }, count);
    },
  });
  metrics.gauge({
    name: "builds_running_count",
    help: "Builds that wait or run",
    collect: (gauge) => gauge.set(parts.watcher.watchedCount),
  });
  metrics.gauge({
    name: "records_skipped_count",
    help: "Records that did not parse, since the start",
    collect: (gauge) => gauge.set(parts.catalog.skippedCount),
  });
  metrics.gauge({
    name: "store_away_info",
    help: "1 while the control store is away and the last good state is shown",
    collect: (gauge) => gauge.set(parts.catalog.isStale ? 1 : 0),
  });
}
