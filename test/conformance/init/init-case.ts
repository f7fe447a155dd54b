/** One row of the matrix: an app, how far up the ladder its top level lets it start, and what it answers from there on down. */
import type { ManifestInput } from "@nano/protocol/manifest";
import type { Rung } from "@nano/protocol/records";
import type { BuildLimits } from "@nano/sliver-builder/build-sliver";

/** Where a build got to: a rung, or the code of the error that ended it. */
export type Reached = Rung | `BUILD_${string}` | `BUNDLE_${string}`;

export interface InitCase {
  /** Unique, and a noun: what the top level has. */
  readonly name: string;
  /** Of `main.js`, before its handler. */
  readonly top: string;
  /** What the handler answers with as JSON: an expression, awaited, of `request`, `env`, `ctx` and what `top` declared. @default "1" */
  readonly answer?: string;
  /** What `answer` is, as JSON, or a matcher of it. @default 1 */
  readonly expected?: unknown;
  /** The second request's answer in app mode, where state survives. @default `expected` */
  readonly expectedAgain?: unknown;
  /** In the place of the handler that `answer` makes: what `main.js` exports. */
  readonly handler?: string;
  /** Modules and data beside `main.js`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** In the place of a bundle: the script as it is. `top` is not in it. */
  readonly script?: string;
  /** Several, where an attack may end in more than one way. @default "heap" */
  readonly reaches?: Reached | readonly Reached[];
  /** Of the sliver's reason for the heap not being reached, or of the error's message. */
  readonly reason?: RegExp;
  /** Of the build log: lines of the console and warnings. */
  readonly logs?: readonly RegExp[];
  /** Lines that requests, or init below the heap, may log as errors. @default none */
  readonly errors?: readonly RegExp[];
  readonly manifest?: ManifestInput;
  readonly limits?: Partial<BuildLimits>;
  /** Its top level or handler may end the process: it is not asked here, its probe did that. @default false */
  readonly isDeadly?: boolean;
}

/** Cases of one subject. */
export interface InitCases {
  readonly subject: string;
  readonly cases: readonly InitCase[];
}

/** The plain variables of every case, and the secret that only requests see. */
export const PLAIN_VARIABLES = { PLAIN: "variable" } as const;
export const SECRETS = { SECRET: "of the request" } as const;

/** The files of a case's app. */
export function filesOf({ top, answer = "1", handler, files = {} }: InitCase): Record<string, string | Uint8Array> {
  const exported =
    handler ??
    `export default { async fetch(request, env, ctx) { return Response.json((await (${answer})) ?? null); } };`;
  return {
    "package.json": JSON.stringify({ main: "main.js" }),
    "main.js": `${top}\n${exported}\n`,
    ...files,
  };
}

/** The text that runs when the app initialises: its modules, or its script. */
export function topLevelOf({ top, script, files = {} }: InitCase): string {
  return [top, script ?? "", ...Object.values(files).filter((text) => typeof text === "string")].join("\n");
}

export function reachable({ reaches = "heap" }: InitCase): readonly Reached[] {
  return typeof reaches === "string" ? [reaches] : reaches;
}
