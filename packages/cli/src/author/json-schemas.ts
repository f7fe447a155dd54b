/** JSON Schemas of what authors and operators write, for their editors: made from what validates it. */
import { nanoFileSchema } from "@nano/bundle/app-source";
import { z } from "zod";
import { configSchema } from "../config/config-file.ts";

export const schemaNames = ["app", "config"] as const;
export type SchemaName = (typeof schemaNames)[number];

const TITLES: Readonly<Record<SchemaName, string>> = {
  app: "nano.json of an app of NANO",
  config: "config file of nanoctl run",
};

/** As draft 2020-12, of what may be written: defaults are left out by those who write. */
export function jsonSchema(name: SchemaName): object {
  const schema = z.toJSONSchema(name === "app" ? nanoFileSchema : configSchema, { io: "input" });
  return { title: TITLES[name], ...schema };
}

export function jsonSchemaText(name: SchemaName): string {
  return `${JSON.stringify(jsonSchema(name), null, 2)}\n`;
}
