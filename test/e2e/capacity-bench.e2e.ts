import { testSmallBenches } from "./small-bench.ts";

testSmallBenches(["capacity", "unit-costs"]);
