/** `nanoctl rollback`, `promote`, `rollout …`. */
import type { AppName, VersionId } from "@nano/protocol/brands";
import { type AppAnswer, DEFAULT_HALT_AT, type RolloutRequestInput } from "@nano/protocol/registry-api";
import type { CommandContext } from "../commands/command-context.ts";
import { errors } from "../errors.ts";
import { showFields, showJson } from "../output/data-table.ts";
import type { Terminal } from "../output/terminal.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { withCluster } from "./with-cluster.ts";

type RolloutAnswer = NonNullable<AppAnswer["rollout"]>;

export interface RolloutFlags extends ClusterFlags {
  readonly version?: VersionId;
  readonly cookie?: string;
  readonly haltPercent?: number;
  readonly haltRequests?: number;
}

/** In a few words. */
export function describeRollout({ version, percent, halted }: RolloutAnswer): string {
  return halted === undefined ? `${percent} % get ${version}` : `${version} was halted`;
}

export async function rollBack(
  { app, version }: { readonly app: AppName; readonly version: VersionId | null },
  flags: ClusterFlags,
  context: CommandContext,
): Promise<void> {
  await withCluster(flags, context, async (client) => {
    tell(await client.rollBack(app, version), `serves ${version ?? "the version before"} again`, flags, context.output);
  });
}

export async function promote(app: AppName, flags: ClusterFlags, context: CommandContext): Promise<void> {
  await withCluster(flags, context, async (client) => {
    tell(await client.promote(app), "all clients get the version of the rollout", flags, context.output);
  });
}

export async function stopRollout(app: AppName, flags: ClusterFlags, context: CommandContext): Promise<void> {
  await withCluster(flags, context, async (client) => {
    tell(await client.stopRollout(app), "the rollout has ended", flags, context.output);
  });
}

/** What is not said stays as it is in the rollout that is under way. */
export async function setRollout(
  { app, percent }: { readonly app: AppName; readonly percent: number },
  flags: RolloutFlags,
  context: CommandContext,
): Promise<void> {
  await withCluster(flags, context, async (client) => {
    const { rollout } = await client.readApp(app);
    const version = flags.version ?? (rollout?.version as VersionId | undefined);
    if (version === undefined) throw errors.ROLLOUT_MISSING({ app });
    const before = rollout?.version === version ? rollout : null;
    const halt = before?.haltAt ?? DEFAULT_HALT_AT;
    const request: RolloutRequestInput = {
      version,
      percent,
      stickyBy:
        flags.cookie === undefined ? (before?.stickyBy ?? { type: "client" }) : { type: "cookie", name: flags.cookie },
      haltAt: {
        errorRate: flags.haltPercent === undefined ? halt.errorRate : flags.haltPercent / 100,
        requestCount: flags.haltRequests ?? halt.requestCount,
      },
    };
    tell(await client.setRollout(app, request), `${percent} % of clients get ${version}`, flags, context.output);
  });
}

export async function showRollout(app: AppName, flags: ClusterFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  await withCluster(flags, context, async (client) => {
    const { activeVersion, rollout } = await client.readApp(app);
    if (flags.json === true) return showJson({ app, activeVersion, rollout }, output);
    if (rollout === null)
      return void output.line(`${app} has no rollout: all clients get ${activeVersion ?? "nothing yet"}`);
    const { stickyBy, haltAt, halted } = rollout;
    showFields(
      [
        ["version", rollout.version],
        ["share", `${rollout.percent} %`],
        ["the others", activeVersion ?? "nothing yet"],
        ["known by", stickyBy.type === "client" ? "the client's address" : `the cookie ${stickyBy.name}`],
        ["began", rollout.startedAt],
        ["halts at", `${haltAt.errorRate * 100} % failed of ${haltAt.requestCount} requests or more`],
        ["halted", halted === undefined ? "no" : `${halted.at}: ${halted.errorCount} of ${halted.requestCount} failed`],
      ],
      output,
    );
  });
}

function tell(app: AppAnswer, what: string, { json }: ClusterFlags, output: Terminal): void {
  if (json === true) {
    showJson(app, output);
    return;
  }
  const serves = app.activeVersion === null ? "" : ` (active: ${app.activeVersion})`;
  output.line(`${output.paint("green", "✓")} ${app.name}: ${what}${serves}`);
}
