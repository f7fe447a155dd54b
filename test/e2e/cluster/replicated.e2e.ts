/** A cluster as production has it: Redis with a replica and Sentinels, artifacts in S3. */
import { storageAway } from "./scenarios/control-plane.ts";
import { redisFailedOver } from "./scenarios/redis.ts";
import { openStepTests } from "./step-tests.ts";

const { testStep } = openStepTests({ isReplicated: true, isOnS3: true, executorCount: 2 });

testStep("a replica that is promoted has every deploy that was acknowledged", redisFailedOver);
testStep("without S3 what runs is served", storageAway);
