/**
 * Turns the `async` functions of a script into generators that the platform drives, so that it can carry the stores of AsyncLocalStorage
 * over each `await`. Only for apps that import `node:async_hooks`.
 *
 * I1 The whole script is lowered after its modules are one: top-level await is by then in an async function, which esbuild lowers, as it
 *    does none at a top level.
 * I2 Lines of the source map are those of the modules: esbuild composes its map with that of the first build.
 * I3 Of the helpers that esbuild puts before the script, the one that resumes is replaced by the platform's, in as many lines.
 */
import { DEFINE_APP_GLOBAL } from "@nano/web-api/boundary";
import { transform } from "esbuild";
import { ASYNC_HOOKS_NAME } from "./async-hooks-module.ts";
import { SCRIPT_FILE, UNSUPPORTED } from "./build-options.ts";

const FACTORY_NAME = "__nano_factory__";

const OPENING = `${DEFINE_APP_GLOBAL}(`;
const CLOSING = ");\n";
// The platform's part is the fourth argument of a factory.
const BANNER = `${DEFINE_APP_GLOBAL}(function () { "use strict"; const ${ASYNC_HOOKS_NAME} = arguments[3]();`;
const FOOTER = `return ${FACTORY_NAME}(...arguments); });`;

/** esbuild's helpers, as it writes them at the margin (one that an app brings along stands within the factory), and what is in their place. */
const HELPERS = [
  { pattern: /^var (__async\d*) = \(__this, __arguments, generator\) => \{\n[\s\S]*?^\};$/m, call: "runAsync" },
  {
    pattern: /^var (__asyncGenerator\d*) = \(__this, __arguments, generator\) => \{\n[\s\S]*?^\};$/m,
    call: "generatorsOf",
    isOfWaits: true,
  },
  { pattern: /^var (__yieldStar\d*) = \(value\) => \{\n[\s\S]*?^\};$/m, call: "delegatesOf", isOfWaits: true },
];
/** The class of what a lowered async generator yields for `await`. */
const WAIT_CLASS = /^var (__await\d*) = function\(promise, isYieldStar\) \{$/m;

export interface LoweredScript {
  readonly script: string;
  readonly sourceMap: string;
}

/** Answers null for a script in another form than this package writes. */
export async function lowerAsync({ script, sourceMap }: LoweredScript): Promise<LoweredScript | null> {
  if (!script.startsWith(OPENING) || !script.endsWith(CLOSING)) return null;
  const factory = script.slice(OPENING.length, -CLOSING.length);
  const { code, map } = await transform(`var ${FACTORY_NAME} = ${factory};\n${inlineMap(sourceMap)}`, {
    sourcefile: SCRIPT_FILE,
    target: "esnext",
    supported: { "async-await": false, "async-generator": false, "for-await": false, ...UNSUPPORTED },
    charset: "ascii",
    legalComments: "none",
    banner: BANNER,
    footer: FOOTER,
    sourcemap: "external",
    sourcesContent: true,
    logLevel: "silent",
  });
  return { script: usePlatform(code), sourceMap: map };
}

/** Without a match esbuild's own helper stays, which carries as well, since it calls `then`: only slower. */
function usePlatform(code: string): string {
  const waitClass = WAIT_CLASS.exec(code)?.[1];
  let text = code;
  for (const { pattern, call, isOfWaits } of HELPERS) {
    text = text.replace(pattern, (helper: string, name: string) => {
      const lines = "\n".repeat(helper.split("\n").length - 1);
      return `var ${name} = ${ASYNC_HOOKS_NAME}.${call}${isOfWaits ? `(${waitClass})` : ""};${lines}`;
    });
  }
  return text;
}

function inlineMap(sourceMap: string): string {
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(sourceMap).toString("base64")}\n`;
}
