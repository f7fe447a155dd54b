/** What a top level drew that its author should know of, in sentences, with the author's own lines. */
import type { InitNote } from "@nano/isolate/init-host";
import { placeOf } from "./locate-throw.ts";

/** What each context draws anew, where the heap is not kept. */
const DRAWN: ReadonlySet<InitNote["kind"]> = new Set(["random", "clock"]);

/** A place in a package, whose code is not its author's to change. */
const IN_PACKAGE = /(?:^|\/)node_modules\//;
/** What packages look for to learn how much to print, and how: no app lacks one. */
const SWITCHES: ReadonlySet<string> = new Set([
  "CI",
  "COLORTERM",
  "DEBUG",
  "FORCE_COLOR",
  "NO_COLOR",
  "NODE_DEBUG",
  "TERM",
]);
/** Names that packages looked for are told in one sentence, so many of them. */
const MAX_SHOWN_NAMES = 8;

/** @param isKept the heap is kept, so that every restore shares what was drawn; else each context draws anew */
export function initWarnings(notes: readonly InitNote[], options: { sourceMap: string; isKept: boolean }): string[] {
  const namesOfPackages = new Set<string>();
  const warnings = notes.flatMap((note) => {
    if (DRAWN.has(note.kind) && !options.isKept) return [];
    const place = placeOf(note.stack, options.sourceMap);
    if (note.kind === "env" && IN_PACKAGE.test(place)) {
      if (!SWITCHES.has(note.what)) namesOfPackages.add(note.what);
      return [];
    }
    return [`${place === "" ? "" : `${place}: `}${describe(note)}`];
  });
  return namesOfPackages.size === 0 ? warnings : [...warnings, describeLookups([...namesOfPackages])];
}

/** A package mostly asks for what need not be there; where it needs a key, its name is among these. */
function describeLookups(names: readonly string[]): string {
  const more = names.length > MAX_SHOWN_NAMES ? ` and ${names.length - MAX_SHOWN_NAMES} more` : "";
  return `Packages looked for ${names.slice(0, MAX_SHOWN_NAMES).join(", ")}${more} in process.env at the top level and found nothing: set in env_vars what they need of these`;
}

function describe({ kind, what }: InitNote): string {
  switch (kind) {
    case "random":
      return `${what} at the top level: every isolate of this version starts with the same value, so nothing may rest on its being secret or unique; call it in the handler`;
    case "clock":
      return `${what} at the top level: every isolate of this version starts with the time of its build; call it in the handler`;
    case "fetch":
      return `fetch of ${what} at the top level was refused, since a sliver would keep its answer for ever, and the app went on without; call it in the handler`;
    case "env":
      return `process.env.${what} is absent at the top level: set it in env_vars, or read it in the handler, which is where secrets appear`;
  }
}
