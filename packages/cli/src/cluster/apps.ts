/** `nanoctl apps`, `versions`, `delete`. */
import type { AppName } from "@nano/protocol/brands";
import type { AppAnswer, VersionAnswer } from "@nano/protocol/registry-api";
import type { CommandContext } from "../commands/command-context.ts";
import { errors } from "../errors.ts";
import { showJson, showTable } from "../output/data-table.ts";
import { formatAge } from "../output/format-age.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { askLine } from "./private-input.ts";
import { describeRollout } from "./rollouts.ts";
import { withCluster } from "./with-cluster.ts";

export async function showApps(flags: ClusterFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  await withCluster(flags, context, async (client) => {
    const apps = await client.listApps();
    if (flags.json === true) return showJson({ apps }, output);
    const rows = apps.map((app) => [
      app.name,
      app.activeVersion ?? "none yet",
      app.rollout === null ? "" : describeRollout(app.rollout),
      String(app.versionCount),
      app.hasSecrets ? "yes" : "",
    ]);
    const head = ["app", "serves", "rollout", "versions", "secrets"];
    showTable({ head, rows, nothing: "No apps: nanoctl deploy DIRECTORY" }, output);
  });
}

export async function showVersions(app: AppName, flags: ClusterFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  await withCluster(flags, context, async (client) => {
    const [versions, answer] = await Promise.all([client.listVersions(app), client.readApp(app)]);
    if (flags.json === true) return showJson({ versions }, output);
    const nowMs = Date.now();
    const rows = versions.map((version) => [
      version.version,
      version.state,
      useOf(version, answer),
      formatAge(nowMs - Date.parse(version.createdAt)),
      version.error === null ? "" : `${version.error.code}: ${version.error.message}`,
    ]);
    const head = ["version", "build", "use", "made", ""];
    showTable({ head, rows, nothing: `No versions of ${app}: nanoctl deploy DIRECTORY --app ${app}` }, output);
  });
}

export interface DeleteFlags extends ClusterFlags {
  readonly yes?: boolean;
}

export async function deleteApp(app: AppName, flags: DeleteFlags, context: CommandContext): Promise<void> {
  const { input, problems, output } = context;
  await withCluster(flags, context, async (client, { name, endpoint }) => {
    await client.readApp(app);
    if (flags.yes !== true) {
      const question = `Delete ${app} of ${name ?? endpoint.text} with its versions, routes and secrets? Its name:`;
      const answer = await askLine({ input, problems, question });
      if (answer === null) throw errors.USAGE({ why: `Deleting ${app} is not to be undone: say so by --yes` });
      if (answer !== app) throw errors.INTERRUPTED({ what: "nothing was deleted" });
    }
    await client.deleteApp(app);
    if (flags.json === true) return showJson({ app, deleted: true }, output);
    output.line(`${output.paint("green", "✓")} ${app}: deleted`);
  });
}

function useOf(version: VersionAnswer, app: AppAnswer): string {
  if (version.isActive) return "serves";
  if (app.rollout?.version === version.version) return describeRollout(app.rollout);
  if (version.isPending) return "to serve once it is built";
  return app.previousVersion === version.version ? "served before" : "";
}
