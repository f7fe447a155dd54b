/** `nanoctl secret …`. A value is given to the registry, and kept and shown nowhere. */
import type { AppName } from "@nano/protocol/brands";
import { MAX_SECRET_BYTES } from "@nano/protocol/secrets";
import type { CommandContext } from "../commands/command-context.ts";
import { decodeSecret, loadSecretFiles } from "../config/secret-files.ts";
import { errors } from "../errors.ts";
import { showJson } from "../output/data-table.ts";
import { formatAge } from "../output/format-age.ts";
import type { ClusterFlags } from "./open-cluster.ts";
import { readPrivate } from "./private-input.ts";
import { withCluster } from "./with-cluster.ts";

/** `TOKEN=secret` in place of a name would be shown in errors and process lists. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

interface SecretPlace {
  readonly app: AppName;
  readonly name: string;
}

export async function setSecret(
  { app, name }: SecretPlace,
  flags: ClusterFlags & { readonly file?: string },
  context: CommandContext,
): Promise<void> {
  checkName(name);
  const value = await readValue(name, flags.file ?? null, context);
  await withCluster(flags, context, async (client) => {
    const answer = await client.setSecret(app, name, value);
    if (flags.json === true) return showJson({ app, ...answer }, context.output);
    context.output.line(`${context.output.paint("green", "✓")} ${app}: secret ${name} is set`);
  });
}

export async function removeSecret(
  { app, name }: SecretPlace,
  flags: ClusterFlags,
  context: CommandContext,
): Promise<void> {
  checkName(name);
  await withCluster(flags, context, async (client) => {
    const answer = await client.removeSecret(app, name);
    if (flags.json === true) return showJson({ app, ...answer }, context.output);
    context.output.line(`${context.output.paint("green", "✓")} ${app}: secret ${name} is removed`);
  });
}

export async function listSecrets(app: AppName, flags: ClusterFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  await withCluster(flags, context, async (client) => {
    const answer = await client.listSecrets(app);
    if (flags.json === true) return showJson({ app, ...answer }, output);
    if (answer.names.length === 0) return void output.line(`${app} has no secrets`);
    for (const name of answer.names) output.line(name);
    const age = answer.updatedAt === null ? "" : `, changed ${formatAge(Date.now() - Date.parse(answer.updatedAt))}`;
    output.line(output.paint("dim", `revision ${answer.revision}${age}`));
  });
}

async function readValue(name: string, file: string | null, { input, problems }: CommandContext): Promise<string> {
  if (file !== null) return (await loadSecretFiles({ [name]: file }))[name] ?? "";
  const question = `Value of ${name}:`;
  const bytes = await readPrivate({ input, problems, question, limitBytes: MAX_SECRET_BYTES });
  if (bytes.byteLength === 0 && input.isTTY !== true) {
    throw errors.USAGE({ why: `Standard input is empty: expected the value of ${name} there, or --file` });
  }
  const decoded = decodeSecret(bytes, `1 to ${MAX_SECRET_BYTES} bytes of text`);
  if ("value" in decoded) return decoded.value;
  throw errors.SECRET_UNREADABLE({ name, ...decoded });
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw errors.USAGE({
    why: "Name of a secret is none: expected letters, digits and `_`; its value is asked for, or comes from --file or standard input",
  });
}
