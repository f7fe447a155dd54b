/** Order of test files: those known to take long begin, so that none of them is alone at the end of a run that others have shared. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Of minutes. Without a cache of durations, as on a new checkout, Vitest goes by the size of files, and these are small. */
const LONG =
  /\/(?:init-of-[\w-]+\.test|cluster\/cluster\.e2e|(?:cluster|websocket)-bench\.e2e|churn\.e2e|socket-soak\.e2e)\.ts$/;

export class LongFirstSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { long = [], other = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      LONG.test(moduleId) ? "long" : "other",
    );
    return [...long, ...other];
  }
}
