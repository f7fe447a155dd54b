/**
 * Builds dist/web-api.js: one script, run once per context before tenant code, or kept in a heap snapshot.
 *
 * I1 The secret stands in no function that tenant code can see: `Function.prototype.toString` shows a function's own text,
 *    so the literal is outside of all of them but the outermost, which nobody holds.
 */
import { build } from "esbuild";
import { SECRET_PLACEHOLDER } from "./src/boundary.ts";

await build({
  entryPoints: [new URL("src/main.ts", import.meta.url).pathname],
  outfile: new URL("dist/web-api.js", import.meta.url).pathname,
  bundle: true,
  format: "iife",
  target: "es2024",
  platform: "neutral",
  // Node's "main" is what CommonJS packages have; a CommonJS module stays one function, evaluated when first required.
  mainFields: ["main"],
  conditions: ["require"],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  banner: { js: `(()=>{"use strict";const __nano_secret__=${JSON.stringify(SECRET_PLACEHOLDER)};` },
  footer: { js: "})();" },
  logLevel: "warning",
});
