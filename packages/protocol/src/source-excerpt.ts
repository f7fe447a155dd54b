/** A line of a text that a user wrote, with a mark below the place that is meant, ready to print. */

const MAX_EXCERPT_COLUMNS = 120;

/** A long line, as minified files have, is cut around the place. @param place its line from 1, its column from 0 */
export function renderExcerpt(place: { line: number; column: number; lineText: string }): string {
  const from = Math.max(0, place.column - MAX_EXCERPT_COLUMNS / 2);
  const shown = place.lineText.slice(from, from + MAX_EXCERPT_COLUMNS).replaceAll("\t", " ");
  const margin = `${place.line} | `;
  return `${margin}${shown}\n${" ".repeat(margin.length - 2)}| ${" ".repeat(place.column - from)}^`;
}
