/** `nanoctl activate`, `rollback`, `promote`, `rollout …`. */
import type { AppName, VersionId } from "@nano/protocol/brands";
import { type AppAnswer, DEFAULT_HALT_AT, type RolloutRequestInput } from "@nano/protocol/registry-api";
import type { CommandContext } from "../commands/command-context.ts";
import { errors } from "../errors.ts";
import { showFields, showJson } from "../output/data-table.ts";
import type { Terminal } from "../output/terminal.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { pickVersion } from "./pick-version.ts";
import { withCluster } from "./with-cluster.ts";

type RolloutAnswer = NonNullable<AppAnswer["rollout"]>;

export interface RolloutFlags extends ClusterFlags {
  /** A `parseVersionPrefix`, as everywhere here. */
  readonly version?: string;
  readonly cookie?: string;
  readonly haltPercent?: number;
  readonly haltRequests?: number;
}

/** In a few words. */
export function describeRollout({ version, percent, halted }: RolloutAnswer): string {
  return halted === undefined ? `${percent} % get ${version}` : `${version} was halted`;
}

export async function activate(
  { app, version }: { readonly app: AppName; readonly version: string },
  flags: ClusterFlags,
  context: CommandContext,
): Promise<void> {
  await withCluster(flags, context, async (client) => {
    const id = await pickVersion(client, app, version);
    const answer = await client.activate(app, id);
    const what = answer.activeVersion === id ? `all clients get ${id}` : `${id} is to serve once it is built`;
    tell(answer, what, flags, context.output);
  });
}

export async function rollBack(
  { app, version }: { readonly app: AppName; readonly version: string | null },
  flags: ClusterFlags,
  context: CommandContext,
): Promise<void> {
  await withCluster(flags, context, async (client) => {
    const id = version === null ? null : await pickVersion(client, app, version);
    tell(await client.rollBack(app, id), `serves ${id ?? "the version before"} again`, flags, context.output);
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

/** The registry replaces all of a rollout: what is not said is sent as it is in the version's, if that is `known`. */
export function rolloutRequest(
  known: RolloutAnswer | null,
  { version, percent }: { readonly version: VersionId; readonly percent: number },
  { cookie, haltPercent, haltRequests }: Pick<RolloutFlags, "cookie" | "haltPercent" | "haltRequests">,
): RolloutRequestInput {
  const before = known?.version === version ? known : null;
  const halt = before?.haltAt ?? DEFAULT_HALT_AT;
  return {
    version,
    percent,
    stickyBy: cookie === undefined ? (before?.stickyBy ?? { type: "client" }) : { type: "cookie", name: cookie },
    haltAt: {
      errorRate: haltPercent === undefined ? halt.errorRate : haltPercent / 100,
      requestCount: haltRequests ?? halt.requestCount,
    },
  };
}

/**
 * What is not said stays as it is in the rollout of the version: the registry replaces all of it.
 * @throws CTL_ROLLOUT_HALTED where a version that failed would begin again without being named
 */
export async function setRollout(
  { app, percent }: { readonly app: AppName; readonly percent: number },
  flags: RolloutFlags,
  context: CommandContext,
): Promise<void> {
  await withCluster(flags, context, async (client) => {
    const { rollout } = await client.readApp(app);
    const named = flags.version === undefined ? null : await pickVersion(client, app, flags.version);
    if (named === null && rollout?.halted !== undefined) {
      throw errors.ROLLOUT_HALTED({ app, version: rollout.version, ...rollout.halted });
    }
    const version = named ?? rollout?.version;
    if (version === undefined) throw errors.ROLLOUT_MISSING({ app });
    const request = rolloutRequest(rollout, { version, percent }, flags);
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
        ["share", halted === undefined ? `${rollout.percent} %` : `0 % (halted, was ${rollout.percent} %)`],
        [halted === undefined ? "the others" : "all clients", activeVersion ?? "nothing yet"],
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
