import { expect, test } from "vitest";
import { type Manifest, readManifests } from "./manifests.ts";
import { readMetricUses } from "./promql.ts";
import { readRegisteredMetrics } from "./registered-metrics.ts";
import { readText, readYaml } from "./yaml-files.ts";

/** Of kube-state-metrics. */
const FOREIGN_METRICS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kube_pod_container_resource_limits", ["container", "resource"]],
]);
/** What Prometheus puts on each series of a pod. */
const TARGET_LABELS = ["namespace", "pod"];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const registered = readRegisteredMetrics();
const manifests = readManifests();

/** Of a histogram, whichever of its series it is. */
function baseName(metric: string): string {
  return metric.replace(/_seconds_(?:bucket|sum|count)$/, "_seconds");
}

function specOf<T>(kind: string): T {
  const found = manifests.find((manifest: Manifest) => manifest.kind === kind);
  if (found === undefined) throw new Error(`No ${kind}`);
  return found.spec as T;
}

function expectExisting(expression: string, where: string): void {
  const { uses, grouping } = readMetricUses(expression);
  expect(uses.length, where).toBeGreaterThan(0);
  const known: string[] = [];
  for (const { metric, labels } of uses) {
    const own = registered.get(metric) ?? FOREIGN_METRICS.get(metric);
    expect(own, `${where}: ${metric}`).toBeDefined();
    known.push(...(own ?? []), ...TARGET_LABELS);
    for (const label of labels) expect([...(own ?? []), ...TARGET_LABELS], `${where}: ${metric}`).toContain(label);
  }
  for (const label of grouping) expect(known, where).toContain(label);
}

test("alerts ask for metrics and labels that services have", () => {
  const { groups } = specOf<{ groups: { rules: Rule[] }[] }>("PrometheusRule");
  const rules = groups.flatMap(({ rules }) => rules);
  expect(rules.length).toBeGreaterThan(8);
  for (const { alert, expr, annotations } of rules) {
    expectExisting(expr, alert);
    for (const text of Object.values(annotations)) {
      for (const [metric] of text.matchAll(/\b(?:router|executor|registry|sliver_builder)_[a-z_]+/g)) {
        const isKnown = [...registered.keys()].some((name) => name === metric || baseName(name) === metric);
        expect(isKnown, `${alert}: ${metric}`).toBe(true);
      }
    }
  }
});

test("the dashboard asks for metrics and labels that services have", () => {
  const { panels } = JSON.parse(readText("infra/k8s/components/monitoring/dashboard.json")) as { panels: Panel[] };
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { title, targets = [] } of panels) for (const { expr } of targets) expectExisting(expr, title);
});

test("every figure of a service is on the dashboard", () => {
  const { panels } = JSON.parse(readText("infra/k8s/components/monitoring/dashboard.json")) as { panels: Panel[] };
  const shown = panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => readMetricUses(expr).uses));
  const names = new Set(shown.map(({ metric }) => baseName(metric)));
  const own = [...registered.keys()].map(baseName).filter((metric) => !/_(?:process|nodejs)_/.test(metric));
  expect([...new Set(own)].filter((metric) => !names.has(metric))).toEqual([]);
});

test("autoscalers ask for metrics that services have, and the adapter knows those that are not of CPU", () => {
  const [adapter] = readYaml("infra/k8s/components/monitoring/prometheus-adapter.values.yaml") as [
    { rules: Record<string, { seriesQuery: string; name?: { matches: string; as: string } }[]> },
  ];
  const served = new Map(
    Object.values(adapter.rules).flatMap((rules) =>
      rules.map(({ seriesQuery, name }) => {
        const [series = ""] = seriesQuery.split("{");
        expect([series, name?.matches ?? series]).toEqual([series, series]);
        return [name?.as ?? series, series] as const;
      }),
    ),
  );
  const asked = manifests
    .filter(({ kind }) => kind === "HorizontalPodAutoscaler")
    .flatMap(({ spec }) => (spec as { metrics: Record<string, { metric?: { name: string } }>[] }).metrics)
    .flatMap((metric) => Object.values(metric).flatMap(({ metric: named }) => named?.name ?? []));
  expect(asked.length).toBe(2);
  for (const name of asked) expect(registered.has(served.get(name) ?? ""), name).toBe(true);
  const scaled = manifests.filter(({ kind }) => kind === "ScaledObject");
  expect(scaled.length).toBe(2);
  for (const { metadata, spec } of scaled) {
    const { triggers } = spec as { triggers: { type: string; metadata: { query: string } }[] };
    const queries = triggers.filter(({ type }) => type === "prometheus").map((trigger) => trigger.metadata.query);
    expect(queries.length, metadata.name).toBe(1);
    for (const query of queries) expectExisting(query, metadata.name);
  }
});

test("an expression that does not parse, or names what there is not, is found", () => {
  expect(() => readMetricUses("sum(rate(x[5m])")).toThrow("PromQL");
  expect(() => expectExisting("router_request_total", "any")).toThrow();
  expect(() => expectExisting('router_requests_total{code="500"}', "any")).toThrow();
  expect(() => expectExisting("sum by (code) (router_requests_total)", "any")).toThrow();
});

test("metrics are scraped from a port that pods have", () => {
  const { podMetricsEndpoints } = specOf<{ podMetricsEndpoints: { port: string; path: string }[] }>("PodMonitor");
  expect(podMetricsEndpoints).toMatchObject([{ port: "admin", path: "/metrics" }]);
});
