/** JSON in one form only: what is equal as JSON is equal as text, so that it can be compared and digested. */

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

/** The text of a JSON value with the keys of each object in order and no white space. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortKeys);
}
