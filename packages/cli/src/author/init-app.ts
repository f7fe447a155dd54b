/**
 * `nanoctl init`: a new app that runs.
 *
 * I1 It writes into a directory that is empty, or is not there yet, and into no other.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { toAppName } from "../config/app-names.ts";
import { DOT_ENV_FILE } from "../config/dot-env.ts";
import { errors } from "../errors.ts";
import type { Terminal } from "../output/terminal.ts";
import { authorFiles, SCHEMA_FILE, TYPES_FILE } from "./author-files.ts";

export const templateNames = ["http", "websocket", "assets"] as const;
export type TemplateName = (typeof templateNames)[number];

const TEMPLATES = fileURLToPath(new URL("../../templates/", import.meta.url));
const ENTRY = "src/index.ts";

export interface InitOptions {
  readonly directory: string;
  readonly template: TemplateName;
  readonly terminal: Terminal;
}

/** @throws CTL_DIRECTORY_NOT_EMPTY, CTL_FILE_UNWRITABLE */
export async function initApp({ directory, template, terminal }: InitOptions): Promise<void> {
  const target = resolve(directory);
  const present = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw errors.FILE_UNWRITABLE({ path: target, why: error.message }, error);
  });
  if (present.length > 0) throw errors.DIRECTORY_NOT_EMPTY({ directory: target, count: present.length });
  const name = toAppName(basename(target));
  const files = { ...ownFiles(name), ...(await readTemplate(template)), ...(await authorFiles()) };
  for (const [path, text] of Object.entries(files)) await write(join(target, path), text);
  const place = relative(process.cwd(), target) || ".";
  terminal.line(`${name} is in ${target}: ${Object.keys(files).join(", ")}`);
  terminal.line("");
  terminal.line(`  nanoctl run ${place}      serves it, and every edit as it is saved`);
  terminal.line(`  nanoctl deploy ${place}   puts it on a cluster that you are logged in to`);
}

function ownFiles(name: string): Readonly<Record<string, string>> {
  const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
  return {
    "package.json": json({ name, version: "1.0.0", private: true, type: "module", main: ENTRY }),
    "nano.json": json({
      $schema: `./${SCHEMA_FILE}`,
      entrypoint: ENTRY,
      env_vars: { GREETING: `Hello from ${name}` },
    }),
    "tsconfig.json": json({
      compilerOptions: {
        target: "ESNext",
        lib: ["ESNext", "WebWorker", "WebWorker.Iterable", "WebWorker.AsyncIterable"],
        types: [],
        module: "ESNext",
        moduleResolution: "Bundler",
        strict: true,
        noEmit: true,
      },
      include: ["src", TYPES_FILE],
    }),
    ".gitignore": `node_modules\n.nano\n${DOT_ENV_FILE}\n`,
  };
}

async function readTemplate(template: TemplateName): Promise<Readonly<Record<string, string>>> {
  const root = join(TEMPLATES, template);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const texts = paths.map(async (path) => [relative(root, path), await readFile(path, "utf8")] as const);
  return Object.fromEntries(await Promise.all(texts));
}

async function write(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    // Not over what came there meanwhile.
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    throw errors.FILE_UNWRITABLE({ path, why: error instanceof Error ? error.message : String(error) }, error);
  }
}
