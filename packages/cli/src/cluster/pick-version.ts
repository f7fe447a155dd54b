/** A version as a user names it: whole, or by as much of it as tells it from the app's others, which is what logs print. */
import { type AppName, isVersionId, type VersionId } from "@nano/protocol/brands";
import { errors } from "../errors.ts";
import type { ClusterClient } from "../registry/cluster-client.ts";

const PREFIX = /^v?([0-9a-f]{4,16})$/;

/** `v` and 4 to 16 hex digits of what was given, with or without the `v`; null where it cannot be a version. */
export function parseVersionPrefix(text: string): string | null {
  const digits = PREFIX.exec(text)?.[1];
  return digits === undefined ? null : `v${digits}`;
}

/** @throws CTL_VERSION_UNCLEAR */
export async function pickVersion(
  client: Pick<ClusterClient, "listVersions">,
  app: AppName,
  prefix: string,
): Promise<VersionId> {
  if (isVersionId(prefix)) return prefix;
  const versions = (await client.listVersions(app)).map(({ version }) => version);
  const [found, ...others] = versions.filter((version) => version.startsWith(prefix));
  if (found !== undefined && others.length === 0) return found;
  throw errors.VERSION_UNCLEAR({ app, prefix, found: found === undefined ? [] : [found, ...others].slice(0, 10) });
}
