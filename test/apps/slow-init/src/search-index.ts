/**
 * An index of terms over reports, kept in a few flat arrays rather than in thousands of objects: what init leaves on the
 * heap, every restore and every fresh context pays for.
 */
export interface SearchIndex {
  readonly termCount: number;
  readonly documentCount: number;
  /** Terms in alphabetical order, one after another; term `i` lies between `termStarts[i]` and `termStarts[i + 1]`. */
  readonly terms: string;
  readonly termStarts: Uint32Array;
  /** Pairs of document and occurrences; those of term `i` lie between `postingStarts[i]` and `postingStarts[i + 1]`. */
  readonly postings: Uint16Array;
  readonly postingStarts: Uint32Array;
  /** `NEIGHBOURS_PER_TERM` per term: the terms that are written most like it, or `NO_NEIGHBOUR`. */
  readonly neighbours: Uint16Array;
}

export interface Posting {
  readonly document: number;
  readonly count: number;
}

export const NEIGHBOURS_PER_TERM = 2;
const NO_NEIGHBOUR = 0xffff;
const MAX_DISTANCE = 2;

/** @param corpus reports with an empty line between them */
export function buildSearchIndex(corpus: string): SearchIndex {
  const documents = corpus.trim().split("\n\n");
  const counts = new Map<string, Map<number, number>>();
  for (const [document, text] of documents.entries()) {
    for (const term of text.toLowerCase().match(/[a-z]+/g) ?? []) {
      const inDocuments = counts.get(term) ?? new Map<number, number>();
      inDocuments.set(document, (inDocuments.get(document) ?? 0) + 1);
      counts.set(term, inDocuments);
    }
  }
  const words = [...counts.keys()].sort();
  const termStarts = new Uint32Array(words.length + 1);
  const postingStarts = new Uint32Array(words.length + 1);
  const postings: number[] = [];
  for (const [i, word] of words.entries()) {
    termStarts[i + 1] = (termStarts[i] ?? 0) + word.length;
    for (const [document, count] of counts.get(word) ?? []) postings.push(document, count);
    postingStarts[i + 1] = postings.length;
  }
  return {
    termCount: words.length,
    documentCount: documents.length,
    terms: words.join(""),
    termStarts,
    postings: Uint16Array.from(postings),
    postingStarts,
    neighbours: findNeighbours(words),
  };
}

/** Where a term is found: report by report. Empty: nowhere. */
export function lookUp(index: SearchIndex, term: string): readonly Posting[] {
  const i = findTerm(index, term);
  if (i < 0) return [];
  const found: Posting[] = [];
  for (let at = index.postingStarts[i] ?? 0; at < (index.postingStarts[i + 1] ?? 0); at += 2) {
    found.push({ document: index.postings[at] ?? 0, count: index.postings[at + 1] ?? 0 });
  }
  return found;
}

/** The terms that are written most like a known one. */
export function lookAround(index: SearchIndex, term: string): readonly string[] {
  const i = findTerm(index, term);
  if (i < 0) return [];
  const around = index.neighbours.subarray(i * NEIGHBOURS_PER_TERM, (i + 1) * NEIGHBOURS_PER_TERM);
  return [...around].filter((neighbour) => neighbour !== NO_NEIGHBOUR).map((neighbour) => termAt(index, neighbour));
}

function termAt(index: SearchIndex, i: number): string {
  return index.terms.slice(index.termStarts[i], index.termStarts[i + 1]);
}

function findTerm(index: SearchIndex, term: string): number {
  let low = 0;
  let high = index.termCount - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = termAt(index, middle);
    if (found === term) return middle;
    if (found < term) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/**
 * For each word the nearest others by edit distance. Words at most two edits apart have a spelling in common that is left
 * when up to two letters are taken out of each: so only words that share such a spelling are compared.
 */
function findNeighbours(words: readonly string[]): Uint16Array {
  const neighbours = new Uint16Array(words.length * NEIGHBOURS_PER_TERM).fill(NO_NEIGHBOUR);
  const distances = new Uint8Array(neighbours.length).fill(MAX_DISTANCE + 1);
  const wordsBySpelling = new Map<string, number[]>();
  for (const [i, word] of words.entries()) {
    const candidates = new Set<number>();
    for (const spelling of spellingsOf(word)) {
      const sharing = wordsBySpelling.get(spelling);
      if (sharing === undefined) {
        wordsBySpelling.set(spelling, [i]);
        continue;
      }
      for (const candidate of sharing) candidates.add(candidate);
      sharing.push(i);
    }
    for (const candidate of candidates) {
      const distance = editDistance(word, words[candidate] ?? "");
      keepNearest(i, candidate, distance);
      keepNearest(candidate, i, distance);
    }
  }
  return neighbours;

  function keepNearest(of: number, neighbour: number, distance: number): void {
    const first = of * NEIGHBOURS_PER_TERM;
    let at = first + NEIGHBOURS_PER_TERM - 1;
    if (distance >= (distances[at] ?? 0)) return;
    while (at > first && distance < (distances[at - 1] ?? 0)) {
      distances[at] = distances[at - 1] ?? 0;
      neighbours[at] = neighbours[at - 1] ?? NO_NEIGHBOUR;
      at -= 1;
    }
    distances[at] = distance;
    neighbours[at] = neighbour;
  }
}

/** A word with none, one or two of its letters taken out. */
function spellingsOf(word: string): Set<string> {
  const spellings = new Set<string>([word]);
  for (let i = 0; i < word.length; i++) {
    const shorter = word.slice(0, i) + word.slice(i + 1);
    spellings.add(shorter);
    for (let j = i; j < shorter.length; j++) spellings.add(shorter.slice(0, j) + shorter.slice(j + 1));
  }
  return spellings;
}

const row: number[] = [];

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  for (let j = 0; j <= b.length; j++) row[j] = j;
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0] ?? 0;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] ?? 0;
      const left = row[j - 1] ?? 0;
      const inserted = Math.min(above, left) + 1;
      const substituted = a[i - 1] === b[j - 1] ? diagonal : diagonal + 1;
      row[j] = Math.min(substituted, inserted);
      diagonal = above;
    }
  }
  return row[b.length] ?? 0;
}
