import { testSmallBenches } from "./small-bench.ts";

/** Of the table of record, those that no short run compares: see `bench-baseline.e2e.ts`. */
testSmallBenches(["latency", "zipf", "build", "boot"]);
