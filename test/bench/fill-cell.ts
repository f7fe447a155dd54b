/** Fills a cell with apps, each with a built version and two routes. */
import type { ControlStore } from "@nano/control-store/control-store";
import { recordsOf, toChanges } from "./cluster-records.ts";

const APPS_PER_COMMIT = 500;

/** Answers the seconds that it took. */
export async function fillCell(store: ControlStore, appCount: number): Promise<number> {
  const startMs = performance.now();
  for (let from = 0; from < appCount; from += APPS_PER_COMMIT) {
    const count = Math.min(APPS_PER_COMMIT, appCount - from);
    await store.commit(Array.from({ length: count }, (_, index) => toChanges(recordsOf(from + index))).flat());
  }
  return (performance.now() - startMs) / 1000;
}
