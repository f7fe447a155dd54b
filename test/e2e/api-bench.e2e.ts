import { testQuickBenches } from "./quick-bench.ts";

testQuickBenches(["api"]);
