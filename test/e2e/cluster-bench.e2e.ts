import { needRedisServer } from "@nano/test-kit/redis-server";
import { clusterParts } from "../bench/cluster.bench.ts";
import { testQuickBenches } from "./quick-bench.ts";

needRedisServer();
testQuickBenches(clusterParts.map((part) => `cluster-${part}`));
