/** What an author's editor needs beside the code: types and the schema of `nano.json`, as this NANO has them. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { errors } from "../errors.ts";
import type { Terminal } from "../output/terminal.ts";
import { jsonSchemaText } from "./json-schemas.ts";

export const TYPES_FILE = "nano.d.ts";
export const SCHEMA_FILE = "nano.schema.json";

/** The files by name. */
export async function authorFiles(): Promise<Readonly<Record<string, string>>> {
  const types = await readFile(fileURLToPath(import.meta.resolve("@nano/types/nano.d.ts")), "utf8");
  return { [TYPES_FILE]: types, [SCHEMA_FILE]: jsonSchemaText("app") };
}

/** `nanoctl types`: writes them anew. @throws CTL_FILE_UNWRITABLE */
export async function writeAuthorFiles(directory: string, terminal: Terminal): Promise<void> {
  for (const [name, text] of Object.entries(await authorFiles())) {
    const path = join(directory, name);
    await writeFile(path, text).catch((error: Error) => {
      throw errors.FILE_UNWRITABLE({ path, why: error.message }, error);
    });
    terminal.line(path);
  }
}
