/**
 * Which lazy modules of the web-api an app touches, by their numbers in the script: what one run of its init and of a request reports,
 * and the next snapshot loads before the app's script.
 *
 * I1 What a guest reports is data: `parseTouchedModules` answers a bounded list of small integers, whatever it was given. A number that
 *    stands for no module is ignored by the script.
 */
import { TOUCHED_PLACEHOLDER } from "@nano/web-api/boundary";

/** More than the script has. */
export const MAX_TOUCHED_MODULES = 256;
/** Numbers have gaps. */
const MAX_MODULE_NUMBER = 9_999;
/** Each number and its comma. */
const MAX_REPORT_CHARS = MAX_TOUCHED_MODULES * 5;

/** Reads the argument of HostOp.TOUCHED; anything but such a list is an empty one. */
export function parseTouchedModules(report: unknown): number[] {
  if (typeof report !== "string" || report.length > MAX_REPORT_CHARS) return [];
  const numbers = report.split(",").slice(0, -1).map(Number);
  if (numbers.length > MAX_TOUCHED_MODULES) return [];
  const areValid = numbers.every((number) => Number.isInteger(number) && number >= 0 && number <= MAX_MODULE_NUMBER);
  return areValid ? numbers : [];
}

/** The web-api text with the modules that it loads before the app's script. */
export function withTouchedModules(text: string, modules: readonly number[]): string {
  return text.replace(TOUCHED_PLACEHOLDER, modules.join(","));
}
