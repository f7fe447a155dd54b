/** The keys of the config file as README lists them, from the schemas that check them. */
import { appSchema, serverSchema } from "@nano/cli/config/config-file";
import { limitsSchema } from "@nano/protocol/app-limits";
import { assetsSchema, egressSchema, websocketSchema } from "@nano/protocol/manifest";
import { z } from "zod";

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What the schemas leave to words. */
const WORDS: Readonly<Record<string, string>> = {
  "apps[].isolation": "`request`: a fresh context for each request; `app`: one context, module state survives",
  "apps[].env_vars": "names and texts that the app finds in `env`",
};
const GROUPS = new Set(["apps[].limits", "apps[].egress", "apps[].assets", "apps[].websocket"]);

export function renderConfigTable(): string {
  const rows = [
    ...rowsOf("server", serverSchema),
    ...rowsOf("apps[]", appSchema),
    ...rowsOf("apps[].limits", limitsSchema),
    ...rowsOf("apps[].egress", egressSchema),
    ...rowsOf("apps[].assets", assetsSchema),
    ...rowsOf("apps[].websocket", websocketSchema),
  ];
  return ["| key | default | range | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function rowsOf(group: string, schema: z.ZodType): string[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.entries(properties as Record<string, Property>)
    .filter(([name]) => !GROUPS.has(`${group}.${name}`))
    .map(([name, property]) => {
      const key = `${group}.${name}`;
      const fallback = property.default === undefined ? "" : `\`${JSON.stringify(property.default)}\``;
      return `| \`${key}\` | ${fallback} | ${rangeOf(property)} | ${property.description ?? WORDS[key] ?? ""} |`;
    });
}

function rangeOf({ type, minimum, maximum, enum: values }: Property): string {
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(", ");
  if (type !== "number" && type !== "integer") return "";
  return `${minimum} to ${maximum}`;
}
