/** `waivers.json`: newer releases that are not taken yet, each with its reason and the day until which that counts. */
import { readFileSync } from "node:fs";

/** A reason is looked at again after so long. */
export const MAX_WAIVER_DAYS = 92;
const DAY_MS = 86_400_000;
const MIN_REASON_LENGTH = 10;
const FIELDS = ["package", "version", "reason", "until"];

/**
 * @typedef {{ package: string, version: string, reason: string, until: string }} Waiver
 */

/**
 * The waivers, and all that is wrong with them, in sentences.
 * @param {string} file
 * @param {{ names: readonly string[], nowMs: number }} options
 * @returns {{ waivers: Waiver[], problems: string[] }}
 */
export function readWaivers(file, { names, nowMs }) {
  /** @type {unknown} */
  let content;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    return { waivers: [], problems: [`${file} cannot be read as JSON: ${/** @type {Error} */ (error).message}`] };
  }
  if (!Array.isArray(content)) return { waivers: [], problems: [`${file} is no list`] };
  const problems = content.flatMap((each, i) =>
    findProblems(each, names, nowMs).map((problem) => `${file}, entry ${i + 1}: ${problem}`),
  );
  return { waivers: problems.length === 0 ? content : [], problems };
}

/** Whether its last day is over, in UTC. @type {(waiver: Waiver, nowMs: number) => boolean} */
export function hasEnded({ until }, nowMs) {
  return nowMs >= Date.parse(until) + DAY_MS;
}

/** @type {(waiver: unknown, names: readonly string[], nowMs: number) => string[]} */
function findProblems(waiver, names, nowMs) {
  if (typeof waiver !== "object" || waiver === null) return ["expected an object"];
  const fields = /** @type {Record<string, unknown>} */ (waiver);
  const problems = FIELDS.filter((name) => typeof fields[name] !== "string").map((name) => `"${name}" is no text`);
  const unknown = Object.keys(fields).filter((name) => !FIELDS.includes(name));
  problems.push(...unknown.map((name) => `"${name}" is not known, expected ${FIELDS.join(", ")}`));
  if (problems.length > 0) return problems;
  const { package: name, reason, until } = /** @type {Waiver} */ (waiver);
  if (!names.includes(name)) problems.push(`"package" is "${name}", expected one of ${names.join(", ")}`);
  if (reason.trim().length < MIN_REASON_LENGTH) problems.push('"reason" says nothing');
  const untilMs = /^\d{4}-\d{2}-\d{2}$/.test(until) ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(untilMs)) problems.push(`"until" is "${until}", expected a day such as 2026-01-31`);
  else if (untilMs > nowMs + MAX_WAIVER_DAYS * DAY_MS) {
    problems.push(`"until" is "${until}", expected at most ${MAX_WAIVER_DAYS} days ahead`);
  }
  return problems;
}
