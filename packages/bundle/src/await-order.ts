/** Refuses modules that would have to be awaited where nothing can await them. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { renderExcerpt } from "@nano/protocol/source-excerpt";
import type { Metafile } from "esbuild";
import { errors } from "./errors.ts";

type Inputs = Metafile["inputs"];

export interface AwaitedModules {
  readonly directory: string;
  readonly inputs: Inputs;
  /** Modules that are initialised by call, asynchronously. */
  readonly asyncPaths: ReadonlySet<string>;
}

/**
 * `require` answers at once: it would hand out a module whose top level has only begun. In a circle, esbuild's calls would
 * wait for each other for ever, or await in a function that is not async.
 * @throws BUNDLE_TOP_LEVEL_AWAIT
 */
export async function refuseUnawaitable({ directory, inputs, asyncPaths }: AwaitedModules): Promise<void> {
  const refuse = async (file: string, module: string, text: string) => {
    const place = await findMention(resolve(directory, file), module);
    throw errors.TOP_LEVEL_AWAIT({ file, ...place, text, problemCount: 1 });
  };
  for (const [file, { imports }] of Object.entries(inputs)) {
    for (const { kind, path, original = path } of imports) {
      if (!asyncPaths.has(path)) continue;
      if (kind === "require-call")
        await refuse(file, original, `${path} has to be awaited, and require cannot: import it`);
      if (kind === "import-statement" && asyncPaths.has(file) && doesReach(inputs, path, file)) {
        await refuse(
          file,
          original,
          `${path} has to be awaited, and imports ${file} in a circle that import() or require loads: break it`,
        );
      }
    }
  }
}

/** Whether a module imports another, by whatever way of import statements. */
function doesReach(inputs: Inputs, from: string, to: string): boolean {
  const reached = new Set([from]);
  for (const file of reached) {
    if (file === to) return true;
    for (const { kind, path } of inputs[file]?.imports ?? []) {
      if (kind === "import-statement") reached.add(path);
    }
  }
  return false;
}

/** Where a file names a module: the metafile does not say. */
async function findMention(file: string, module: string) {
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
  for (const [index, lineText] of lines.entries()) {
    const column = Math.max(lineText.indexOf(`"${module}"`), lineText.indexOf(`'${module}'`));
    if (column < 0) continue;
    const line = index + 1;
    return { line, column: column + 1, excerpt: renderExcerpt({ line, column, lineText }) };
  }
  return { line: 1, column: 1, excerpt: "" };
}
