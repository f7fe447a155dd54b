/**
 * Name resolution of one app: few lookups at once, each name once at a time. A lookup holds a thread of the process's
 * pool for as long as a name server keeps silent; without a bound, one app's dead names would hold up everybody's.
 */
import type { LookupAddress } from "node:dns";
import type { ResolveName } from "./guarded-connector.ts";

export const LOOKUPS_PER_APP = 2;

/** Waiting lookups are as many as the app's fetches at the most. */
export function boundResolver(resolveName: ResolveName, limitCount = LOOKUPS_PER_APP): ResolveName {
  const running = new Map<string, Promise<readonly LookupAddress[]>>();
  const waiting: (() => void)[] = [];
  let runningCount = 0;

  async function resolveWhenFree(hostname: string): Promise<readonly LookupAddress[]> {
    if (runningCount >= limitCount) await new Promise<void>((resolve) => waiting.push(resolve));
    else runningCount += 1;
    try {
      return await resolveName(hostname);
    } finally {
      running.delete(hostname);
      const next = waiting.shift();
      // The place goes on to the next that waits.
      if (next === undefined) runningCount -= 1;
      else next();
    }
  }

  return (hostname) => {
    const known = running.get(hostname);
    if (known !== undefined) return known;
    const resolving = resolveWhenFree(hostname);
    running.set(hostname, resolving);
    return resolving;
  };
}
