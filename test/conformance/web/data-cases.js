/** For cases that are made from data: a name for each, which no other has. */

/** @type {Map<string, number>} */
const countByName = new Map();

/** The parts as one line of printable text; what was named so before is given a number. */
export function nameOf(...parts) {
  const name = parts.map((part) => (typeof part === "string" && isPlain(part) ? part : toText(part))).join(" ");
  const count = (countByName.get(name) ?? 0) + 1;
  countByName.set(name, count);
  return count === 1 ? name : `${name} (${count})`;
}

/** The data without its comments, which are strings. */
export function withoutComments(data) {
  return data.filter((item) => typeof item !== "string");
}

function isPlain(text) {
  return /^[!-~][ -~]*$/.test(text);
}

function toText(value) {
  return (JSON.stringify(value) ?? String(value)).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
