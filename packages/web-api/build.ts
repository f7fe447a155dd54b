/**
 * Builds dist/web-api.js: one script, run once per context before tenant code, or kept in a heap snapshot.
 *
 * I1 The secret stands in no function that tenant code can see: `Function.prototype.toString` shows a function's own text,
 *    so the literal is outside of all of them but the outermost, which nobody holds.
 */
import { build } from "esbuild";
import { SECRET_PLACEHOLDER } from "./src/boundary.ts";

/** Builds the script and answers its text, without writing it. */
export async function buildWebApi(): Promise<string> {
  const result = await build({
    entryPoints: [new URL("src/main.ts", import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2024",
    platform: "neutral",
    // CommonJS builds of packages: a CommonJS module stays one function, evaluated when it is first required.
    mainFields: ["main"],
    conditions: ["require"],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    banner: { js: `(()=>{"use strict";const __nano_secret__=${JSON.stringify(SECRET_PLACEHOLDER)};` },
    footer: { js: "})();" },
    logLevel: "warning",
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("esbuild wrote nothing");
  return withPlainNamespaces(file.text);
}

/** esbuild's helper by which `require` answers a copy of a module's namespace, and what stands in its place. */
const TO_COMMON_JS = '__toCommonJS=mod=>__copyProps(__defProp({},"__esModule",{value:!0}),mod)';
const TO_NAMESPACE = "__toCommonJS=mod=>mod";

/**
 * Lets `require` answer the namespace itself: the copy is made when a module is first required, with methods that tenant code
 * may have patched by then, and is made again each time.
 */
function withPlainNamespaces(script: string): string {
  if (!script.includes(TO_COMMON_JS)) throw new Error("esbuild's helper __toCommonJS is not the one that is known");
  return script.replace(TO_COMMON_JS, TO_NAMESPACE);
}

if (import.meta.main) {
  const { mkdir, writeFile } = await import("node:fs/promises");
  const folder = new URL("dist/", import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL("web-api.js", folder), await buildWebApi());
}
