import { needRedisServer } from "@nano/test-kit/redis-server";
import { clusterParts } from "../bench/cluster.bench.ts";
import { testSmallBenches } from "./small-bench.ts";

needRedisServer();
testSmallBenches(clusterParts.map((part) => `cluster-${part}`));
