/** What a top level drew that its author should know of, in sentences, with the author's own lines. */
import type { InitNote } from "@nano/isolate/init-host";
import { placeOf } from "./locate-throw.ts";

/** What each context draws anew, where the heap is not kept. */
const DRAWN: ReadonlySet<InitNote["kind"]> = new Set(["random", "clock"]);

/** @param isKept the heap is kept, so that every restore shares what was drawn; else each context draws anew */
export function initWarnings(notes: readonly InitNote[], options: { sourceMap: string; isKept: boolean }): string[] {
  return notes.flatMap((note) => {
    if (DRAWN.has(note.kind) && !options.isKept) return [];
    const place = placeOf(note.stack, options.sourceMap);
    return [`${place === "" ? "" : `${place}: `}${describe(note)}`];
  });
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
