/** Reads and changes header blocks. */
import { decodeHeaderBlock, encodeHeaderBlock, type HeaderBlock } from "@nano/protocol/messages";

/** Values of a name (in lower case) joined by `, `, or null. */
export function headerOf(block: HeaderBlock, name: string): string | null {
  const flat = decodeHeaderBlock(block);
  let joined: string | null = null;
  for (let at = 0; at + 1 < flat.length; at += 2) {
    if (flat[at]?.toLowerCase() !== name) continue;
    joined = joined === null ? (flat[at + 1] as string) : `${joined}, ${flat[at + 1]}`;
  }
  return joined;
}

/** The block with these in place of what it has of their names; null: none. */
export function withHeaders(block: HeaderBlock, fields: Readonly<Record<string, string | null>>): HeaderBlock {
  const flat = decodeHeaderBlock(block);
  const kept: string[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = flat[at] as string;
    if (!Object.hasOwn(fields, name.toLowerCase())) kept.push(name, flat[at + 1] as string);
  }
  for (const [name, value] of Object.entries(fields)) if (value !== null) kept.push(name, value);
  return encodeHeaderBlock(kept);
}
