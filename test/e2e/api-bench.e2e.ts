import { testSmallBenches } from "./small-bench.ts";

testSmallBenches(["api"]);
