/** The engine that this process is: its fingerprint, and the web-api script that its snapshots begin with. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { EngineFingerprint } from "@nano/protocol/brands";
import { GROUP_PART_END, GROUP_PART_START, SCRIPT_SEPARATOR, SECRET_PLACEHOLDER } from "@nano/web-api/boundary";
import { errors } from "./errors.ts";
import { WEB_API_SCRIPT_NAME } from "./script-names.ts";
import { withTouchedModules } from "./touched-modules.ts";

const WEB_API_PATH = new URL("../../web-api/dist/web-api.js", import.meta.url);

let webApiText: string | undefined;
let groupTexts: readonly string[] | undefined;

/** @throws ISO_WEB_API_MISSING */
function loadWebApi(): string {
  if (webApiText === undefined) {
    try {
      webApiText = readFileSync(WEB_API_PATH, "utf8");
    } catch (cause) {
      throw errors.WEB_API_MISSING({ path: WEB_API_PATH.pathname }, cause);
    }
    const found = webApiText.split(SECRET_PLACEHOLDER).length - 1;
    if (found !== 1) throw errors.WEB_API_PLACEHOLDER({ found });
  }
  return webApiText;
}

/**
 * The web-api script, in the parts that run one after another, with the secret that attaches a host (hex digits).
 *
 * @param touchedModules what it loads at once of its lazy modules
 */
export function webApiScripts(attachSecret: string, touchedModules: readonly number[] = []): string[] {
  const text = withTouchedModules(loadWebApi(), touchedModules);
  return text.replace(SECRET_PLACEHOLDER, attachSecret).split(`${SCRIPT_SEPARATOR}\n`);
}

/** Its last part alone: what it needs of its lazy modules, it asks the host for by `moduleGroup`. */
export function bareWebApiScript(attachSecret: string): string {
  return webApiScripts(attachSecret).at(-1) ?? "";
}

/** The text of a group of lazy modules, an expression; undefined where there is none of that number. The argument is hostile. */
export function moduleGroup(group: unknown): string | undefined {
  groupTexts ??= loadWebApi()
    .split(`${SCRIPT_SEPARATOR}\n`)
    .slice(0, -1)
    .map(
      (part) =>
        `"use strict";(${part.slice(GROUP_PART_START.length, -GROUP_PART_END.length)})\n//# sourceURL=${WEB_API_SCRIPT_NAME}`,
    );
  return typeof group === "number" ? groupTexts[group] : undefined;
}

/**
 * What a heap snapshot depends on: V8 and how this Node was built with it, isolated-vm, architecture, the web-api script. A snapshot that another
 * fingerprint made is never given to V8: it would not notice, and run on with a wrong heap.
 *
 * V8's flags are no part of it: whoever makes or restores snapshots runs with an empty environment and without any.
 */
export function engineFingerprint(): EngineFingerprint {
  const isolatedVm = createRequire(import.meta.url)("isolated-vm/package.json") as { version: string };
  const builtWith = Object.entries(process.config.variables)
    .filter(([name]) => /^(?:v8|icu)_/.test(name))
    .map(([name, value]) => `${name}=${String(value)}`)
    .sort();
  const webApiDigest = createHash("sha256").update(loadWebApi()).digest("hex");
  const { versions, version, platform, arch } = process;
  const parts = [versions.v8, version, ...builtWith, isolatedVm.version, platform, arch, webApiDigest];
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32) as EngineFingerprint;
}

/** Refuses a process in which isolated-vm would crash. @throws ISO_NODE_SNAPSHOT */
export function assertNoNodeSnapshot(): void {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(" ")];
  if (!flags.includes("--no-node-snapshot")) throw errors.NODE_SNAPSHOT({});
}
