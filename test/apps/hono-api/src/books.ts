import type { Book, NewBook } from "./schemas.ts";

/** The shelf as init leaves it. In `request` mode every request finds it so, whatever the ones before it did. */
const books = new Map<number, Book>(
  [
    { title: "The Harbour at Night", author: "Ada Winter", year: 1931, tags: ["novel"] },
    { title: "Bread and Salt", author: "Ivo Lund", year: 1958, tags: ["cooking", "memoir"] },
    { title: "A Field Guide to Clouds", author: "Mira Sole", year: 1977, tags: ["nature"] },
    { title: "Letters to a Lighthouse", author: "Ada Winter", year: 1940, tags: ["letters"] },
    { title: "On Mending Nets", author: "Tomas Reed", year: 2003, tags: ["craft"] },
  ].map((book, i) => [i + 1, { id: i + 1, ...book }]),
);

export function listBooks(query: { author?: string | undefined; limit: number; offset: number }): Book[] {
  const found = [...books.values()].filter((book) => query.author === undefined || book.author === query.author);
  return found.slice(query.offset, query.offset + query.limit);
}

export function findBook(id: number): Book | undefined {
  return books.get(id);
}

export function addBook(book: NewBook): Book {
  const added = { id: Math.max(0, ...books.keys()) + 1, ...book };
  books.set(added.id, added);
  return added;
}

export function replaceBook(id: number, book: NewBook): Book | undefined {
  if (!books.has(id)) return undefined;
  const replaced = { id, ...book };
  books.set(id, replaced);
  return replaced;
}

export function removeBook(id: number): boolean {
  return books.delete(id);
}
