/** The metrics that services register, by the names under which Prometheus finds them, with their labels. */
import { Metrics } from "@nano/service-kit/metrics";
import { SERVICES } from "./service-facts.ts";
import { listFiles, readText } from "./yaml-files.ts";

/** Not those that are reasons: they have the names of manifests' WebSocket limits. */
const NAME = /(?:"|\{ |, )(?!ws_)([a-z][a-z0-9]*_(?:[a-z0-9]+_)*(?:total|seconds|bytes|ratio|count|info))(?:"|:)/g;
const LABELS = /name: "(\w+)",[^}]*?labels: \[([^\]]*)\]/g;
const HISTOGRAM = /\.(?:duration|countedDuration)\(\{\s*name: "(\w+)"/g;
/** Where packages register metrics of the service that calls them. */
const SHARED: ReadonlyMap<string, string> = new Map([["openSliverStore(", "packages/sliver/src/open-sliver-store.ts"]]);
const HISTOGRAM_SUFFIXES = ["_bucket", "_sum", "_count"];

export function readRegisteredMetrics(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const service of SERVICES.keys()) {
    const own = listFiles(`services/${service}/src/**/*.ts`).map(readText).join("\n");
    const shared = [...SHARED].filter(([call]) => own.includes(call)).map(([, path]) => readText(path));
    const text = [own, ...shared].join("\n");
    const name = /runService\(\{\s*name: "([\w-]+)"/.exec(text)?.[1];
    if (name === undefined) throw new Error(`No name of ${service} in its main.ts`);
    const prefix = name.replaceAll("-", "_");
    const labels = new Map(
      [...text.matchAll(LABELS)].map(([, metric, list = ""]) => [metric, list.match(/\w+/g) ?? []] as const),
    );
    for (const [, metric = ""] of text.matchAll(NAME)) found.set(`${prefix}_${metric}`, labels.get(metric) ?? []);
    for (const [, metric = ""] of text.matchAll(HISTOGRAM)) {
      found.delete(`${prefix}_${metric}`);
      for (const suffix of HISTOGRAM_SUFFIXES) {
        found.set(`${prefix}_${metric}${suffix}`, [...(labels.get(metric) ?? []), "le"]);
      }
    }
    const process = new Metrics(name);
    process.collectProcessMetrics();
    for (const { name, type } of process.registry.getMetricsAsArray()) {
      const suffixes = String(type) === "histogram" ? HISTOGRAM_SUFFIXES : [""];
      for (const suffix of suffixes) found.set(`${name}${suffix}`, []);
    }
  }
  return found;
}

/** The same names, of what an admin port tells. */
export function readExportedMetrics(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = "", type]) =>
    type === "histogram" ? HISTOGRAM_SUFFIXES.map((suffix) => `${name}${suffix}`) : [name],
  );
}
