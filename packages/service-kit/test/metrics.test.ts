import { expect, test } from "vitest";
import { DurationBuckets } from "../src/duration-buckets.ts";
import { Metrics } from "../src/metrics.ts";

test("names carry the service's prefix, and durations are exported in seconds", async () => {
  const metrics = new Metrics("sliver-builder");
  metrics.counter({ name: "jobs_total", help: "h", labels: ["result"] }).inc({ result: "built" });
  metrics.duration({ name: "job_duration_seconds", help: "h" }).observeMs(1500);
  const text = await metrics.registry.metrics();
  expect(text).toContain('sliver_builder_jobs_total{result="built"} 1');
  expect(text).toContain("sliver_builder_job_duration_seconds_sum 1.5");
});

test("a gauge may be counted at each scrape", async () => {
  const metrics = new Metrics("sample");
  let heldCount = 1;
  metrics.gauge({ name: "held_count", help: "h", collect: (gauge) => gauge.set(heldCount) });
  heldCount = 5;
  expect(await metrics.registry.metrics()).toContain("sample_held_count 5");
});

test("a name without a base unit is refused", () => {
  expect(() => new Metrics("sample").counter({ name: "latency_ms", help: "h" })).toThrow("latency_ms");
});

test("two services in one process do not share a registry", async () => {
  const [a, b] = [new Metrics("a"), new Metrics("b")];
  a.collectProcessMetrics();
  expect(await a.registry.metrics()).toContain("a_process_resident_memory_bytes");
  expect(await b.registry.metrics()).not.toContain("process");
});

test("a distribution that was counted in other processes is exported as their sum", async () => {
  const metrics = new Metrics("executor");
  const total = new DurationBuckets();
  metrics.countedDuration({ name: "queue_wait_seconds", help: "Wait", read: () => total });
  const worker = new DurationBuckets();
  for (const durationMs of [0.2, 3, 3, 60_000]) worker.observeMs(durationMs);
  const first = structuredClone({ counts: worker.counts, sumMs: worker.sumMs });
  total.addSince(first, null);
  worker.observeMs(3);
  total.addSince(worker, first);
  const text = await metrics.registry.metrics();
  expect(text).toContain("# TYPE executor_queue_wait_seconds histogram");
  expect(text).toContain('executor_queue_wait_seconds_bucket{le="0.0005"} 1');
  expect(text).toContain('executor_queue_wait_seconds_bucket{le="0.005"} 4');
  expect(text).toContain('executor_queue_wait_seconds_bucket{le="+Inf"} 5');
  expect(text).toContain("executor_queue_wait_seconds_count 5");
  expect(text).toMatch(/executor_queue_wait_seconds_sum 60\.00/);
});
