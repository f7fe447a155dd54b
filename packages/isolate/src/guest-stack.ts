/**
 * Stacks of a guest as its author should see them: without frames of the platform and of the host.
 *
 * I1 Nothing is left out but whole frames, exactly: a line of text may go on behind a stack, and a stack within other text.
 * I2 The text is a tenant's: each repetition of the pattern is bounded.
 */
import { REPLAY_SCRIPT_NAME, WEB_API_SCRIPT_NAME } from "./script-names.ts";

/** The last one is the name of functions that the host brings. */
const PLACE = `(?:${WEB_API_SCRIPT_NAME}|${REPLAY_SCRIPT_NAME}|<isolated-vm>):\\d+:\\d+`;
/** As V8 writes them, code that was made at run time included; the console moves those within other values to the right. */
const PLATFORM_FRAME = new RegExp(
  `\\n {4,80}at (?:async )?(?:${PLACE}|[^\\n]{0,120}? \\((?:eval at [^\\n]{0,120}? \\()?${PLACE}(?:\\), <anonymous>:\\d+:\\d+)?\\))`,
  "g",
);
/** Of the host, where isolated-vm copied an error: by file or path, which no script of a guest has, and the line between the two. */
const HOST_FRAME = /\n {4,80}at (?:[^\n]{0,200}?\()?(?:<isolated-vm boundary>|file:|node:|\/)[^\n)]*\)?/g;

/** Any text, without the frames of the platform in it. */
export function withoutPlatformFrames(text: string): string {
  return text.replace(PLATFORM_FRAME, "");
}

/** The stack of an error of a guest, without what is the host's. */
export function withoutHostFrames(stack: string): string {
  return stack.replace(HOST_FRAME, "");
}
