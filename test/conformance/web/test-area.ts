/** One file of tests per area, so that they run beside each other: `events.test.ts` says `testArea("events")`. */
import { expect, test } from "vitest";
import { listFiles, listSurprises, runFile } from "./run-cases.ts";

/** A test for each file of the area. */
export function testArea(area: string): void {
  test.each(listFiles(area))(`${area}: %s behaves as the standard says`, async (name) => {
    const result = await runFile(area, name);
    expect(listSurprises(result)).toEqual([]);
    expect(result.tests.length).toBeGreaterThan(0);
  });
}
