/** What a PromQL expression asks for. */
import { parser } from "@prometheus-io/lezer-promql";

export interface MetricUse {
  readonly metric: string;
  /** Those that its matchers name. */
  readonly labels: readonly string[];
}

/** What Grafana puts in before it asks. */
const VARIABLES: Readonly<Record<string, string>> = { $__rate_interval: "5m", $namespace: "nano" };

/** @throws where it does not parse */
export function readMetricUses(expression: string): { readonly uses: MetricUse[]; readonly grouping: string[] } {
  const text = expression.replaceAll(/\$\w+/g, (name) => VARIABLES[name] ?? name);
  const uses: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  parser.parse(text).iterate({
    enter(node) {
      const found = text.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`PromQL at ${node.from}: ${text}`);
      if (node.name === "VectorSelector") uses.push({ metric: "", labels: [] });
      const use = uses.at(-1);
      if (node.name === "Identifier" && use !== undefined && use.metric === "") use.metric = found;
      if (node.name !== "LabelName") return;
      if (node.node.parent?.name === "GroupingLabels") grouping.push(found);
      else use?.labels.push(found);
    },
  });
  return { uses, grouping };
}
