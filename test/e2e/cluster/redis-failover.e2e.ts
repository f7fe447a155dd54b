/** A cluster over a Redis with a replica and Sentinels: what was acknowledged outlives the master. */
import { redisFailedOver } from "./scenarios/redis.ts";
import { openStepTests } from "./step-tests.ts";

const { testStep } = openStepTests({ isReplicated: true, executorCount: 2 });

testStep("a replica that is promoted has every deploy that was acknowledged", redisFailedOver);
