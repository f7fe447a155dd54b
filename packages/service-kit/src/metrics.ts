/**
 * Metrics of one process: a registry that is passed along, names checked once, units converted here and nowhere else.
 *
 * Label values must come from a bounded set: never a request id, never a URL.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { BUCKET_BOUNDS_MS, type DurationCounts } from "./duration-buckets.ts";

/** Base units of Prometheus, and the forms that have none. */
const METRIC_NAME = /^[a-z][a-z0-9_]*_(?:total|seconds|bytes|ratio|count|info|timestamp_seconds)$/;

/** From half a millisecond to half a minute: a cold start and a slow handler are both told apart. */
const DURATION_BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export interface MetricOptions<L extends string> {
  /** Without the service's prefix, with its unit: `request_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

export type LabelsOf<L extends string> = Partial<Record<L, string | number>>;

/** A duration that is given in milliseconds and exported in seconds. */
export interface DurationHistogram<L extends string> {
  observeMs(durationMs: number, labels?: LabelsOf<L>): void;
}

export class Metrics {
  readonly registry: Registry;
  readonly #prefix: string;

  /** @param service the first word of every name; `sliver-builder` becomes `sliver_builder` */
  constructor(service: string, registry: Registry = new Registry()) {
    this.registry = registry;
    this.#prefix = service.replaceAll(/[^a-z0-9]/g, "_");
  }

  /** Adds the process's own figures (CPU, memory, event loop, garbage collection) under the service's prefix. */
  collectProcessMetrics(): void {
    collectDefaultMetrics({ register: this.registry, prefix: `${this.#prefix}_` });
  }

  /** A figure that only grows; its name ends in `_total`. */
  counter<L extends string = never>(options: MetricOptions<L>): Counter<L> {
    return new Counter<L>(this.#settings(options));
  }

  /** A figure of now. `collect` is called at each scrape, so that nobody has to keep it up to date. */
  gauge<L extends string = never>(
    options: MetricOptions<L> & { readonly collect?: (gauge: Gauge<L>) => void },
  ): Gauge<L> {
    const { collect } = options;
    return new Gauge<L>({
      ...this.#settings(options),
      ...(collect === undefined
        ? {}
        : {
            collect(this: Gauge<L>) {
              collect(this);
            },
          }),
    });
  }

  /** A distribution of durations; its name ends in `_seconds`. */
  duration<L extends string = never>(
    options: MetricOptions<L> & { readonly bucketsSeconds?: readonly number[] },
  ): DurationHistogram<L> {
    const histogram = new Histogram<L>({
      ...this.#settings(options),
      buckets: [...(options.bucketsSeconds ?? DURATION_BUCKETS_SECONDS)],
    });
    return {
      observeMs(durationMs, labels) {
        if (labels === undefined) histogram.observe(durationMs / 1000);
        else histogram.observe(labels as Parameters<typeof histogram.observe>[0] & object, durationMs / 1000);
      },
    };
  }

  /** A distribution that was counted elsewhere; its name ends in `_seconds`. */
  countedDuration(options: MetricOptions<never> & { readonly read: () => DurationCounts }): void {
    const { name, help } = this.#settings(options);
    const get = async () => ({
      name,
      help,
      type: "histogram",
      values: histogramValues(name, options.read()),
      aggregator: "sum" as const,
    });
    // All that a registry asks of a metric.
    this.registry.registerMetric({ name, help, get, reset: () => undefined } as unknown as Histogram);
  }

  #settings<L extends string>(options: MetricOptions<L>) {
    if (!METRIC_NAME.test(options.name)) {
      throw new TypeError(`Metric name is without a base unit: ${options.name}, expected it to match ${METRIC_NAME}`);
    }
    return {
      name: `${this.#prefix}_${options.name}`,
      help: options.help,
      labelNames: [...(options.labels ?? [])],
      registers: [this.registry],
    };
  }
}

/** Cumulative, as Prometheus wants them. */
function histogramValues(name: string, { counts, sumMs }: DurationCounts) {
  let total = 0;
  const values = counts.map((count, bucket) => {
    total += count;
    const bound = BUCKET_BOUNDS_MS[bucket];
    return { metricName: `${name}_bucket`, labels: { le: bound === undefined ? "+Inf" : bound / 1000 }, value: total };
  });
  return [
    ...values,
    { metricName: `${name}_sum`, labels: {}, value: sumMs / 1000 },
    { metricName: `${name}_count`, labels: {}, value: total },
  ];
}
