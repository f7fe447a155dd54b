/** `nanoctl token …`. */
import { type AppName, isAppName } from "@nano/protocol/brands";
import type { TokenRole } from "@nano/protocol/records";
import type { CommandContext } from "../commands/command-context.ts";
import { errors } from "../errors.ts";
import { showJson, showTable } from "../output/data-table.ts";
import { formatAge } from "../output/format-age.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { withCluster } from "./with-cluster.ts";

export interface CreateTokenFlags extends ClusterFlags {
  readonly role: TokenRole;
  readonly app?: readonly string[];
  readonly expires?: string;
}

/** As the registry has it. */
const MIN_EXPIRY_SECS = 60;
const UNIT_SECS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

export async function createToken(name: string, flags: CreateTokenFlags, context: CommandContext): Promise<void> {
  const { output, problems } = context;
  const apps = flags.app === undefined ? null : flags.app.map(appOrRefuse);
  if (apps !== null && flags.role !== "deployer") {
    throw errors.USAGE({ why: `--app is for a deployer: found --role ${flags.role}, which has all apps` });
  }
  const expiresInSecs = flags.expires === undefined ? null : parseDurationSecs(flags.expires);
  await withCluster(flags, context, async (client) => {
    const answer = await client.createToken({ name, role: flags.role, apps, expiresInSecs });
    if (flags.json === true) return showJson(answer, output);
    problems.line(`${problems.paint("green", "✓")} ${answer.id}: ${name}, ${answer.role}; shown this once:`);
    output.line(answer.token);
  });
}

export async function listTokens(flags: ClusterFlags, context: CommandContext): Promise<void> {
  await withCluster(flags, context, async (client) => {
    const tokens = await client.listTokens();
    if (flags.json === true) return showJson({ tokens }, context.output);
    const nowMs = Date.now();
    const rows = tokens.map((token) => [
      token.id,
      token.name,
      token.role,
      token.apps === null ? "all" : token.apps.join(", "),
      formatAge(nowMs - Date.parse(token.createdAt)),
      describeExpiry(token.expiresAt, nowMs),
    ]);
    const head = ["id", "name", "role", "apps", "made", "expires"];
    showTable({ head, rows, nothing: "No tokens: nanoctl token create" }, context.output);
  });
}

export async function revokeToken(id: string, flags: ClusterFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  // A whole token in its place stays out of the path, which proxies log.
  const found = /^(?:nano_)?([0-9a-f]{16})(?:_.*)?$/.exec(id)?.[1];
  if (found === undefined)
    throw errors.USAGE({ why: "Id of a token is 16 hex digits, as nanoctl token list shows it" });
  await withCluster(flags, context, async (client) => {
    await client.revokeToken(found);
    if (flags.json === true) return showJson({ id: found, revoked: true }, output);
    output.line(`${output.paint("green", "✓")} ${found}: revoked`);
  });
}

/** `90d` in seconds. @throws CTL_USAGE */
export function parseDurationSecs(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const durationSecs =
    count === undefined || unit === undefined ? null : Number(count) * UNIT_SECS[unit as keyof typeof UNIT_SECS];
  if (durationSecs !== null && durationSecs >= MIN_EXPIRY_SECS) return durationSecs;
  const expected = durationSecs === null ? "such as 90d, 12h, 30m or 600s" : `at least ${MIN_EXPIRY_SECS}s`;
  throw errors.USAGE({ why: `--expires cannot be used: found ${JSON.stringify(text)}, expected ${expected}` });
}

function appOrRefuse(text: string): AppName {
  if (isAppName(text)) return text;
  throw errors.USAGE({ why: `--app cannot be used: found ${JSON.stringify(text)}, expected the name of an app` });
}

function describeExpiry(expiresAt: string | null, nowMs: number): string {
  if (expiresAt === null) return "never";
  return Date.parse(expiresAt) <= nowMs ? `expired ${expiresAt}` : expiresAt;
}
