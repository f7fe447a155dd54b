/** `nanoctl init`, `types` and `schema`: what authors begin with, and what their editors read. */
import { type Command, Option } from "commander";
import type { TemplateName } from "../author/init-app.ts";
import type { SchemaName } from "../author/json-schemas.ts";
import type { CommandContext } from "./command-context.ts";

export function addAuthorCommands(program: Command, { output }: CommandContext): void {
  program
    .command("init")
    .description("make a new app that runs")
    .argument("[directory]", "an empty directory, or one that is not there yet", ".")
    .addOption(new Option("--template <name>", "what it does").choices(["http", "websocket", "assets"]).default("http"))
    .action(async (directory: string, { template }: { template: TemplateName }) => {
      const { initApp } = await import("../author/init-app.ts");
      await initApp({ directory, template, terminal: output });
    });

  program
    .command("types")
    .description("write an app's types and the schema of its nano.json anew, as this NANO has them")
    .argument("[directory]", "the app's directory", ".")
    .action(async (directory: string) => {
      const { writeAuthorFiles } = await import("../author/author-files.ts");
      await writeAuthorFiles(directory, output);
    });

  program
    .command("schema")
    .description("print a JSON Schema, for editors")
    .addArgument(
      program.createArgument("<file>", "whose: an app's nano.json, or a config file of run").choices(["app", "config"]),
    )
    .action(async (name: SchemaName) => {
      const { jsonSchemaText } = await import("../author/json-schemas.ts");
      output.line(jsonSchemaText(name).trimEnd());
    });
}
