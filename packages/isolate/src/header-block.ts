/** Checks what a guest gives as a header block: it goes to a client's socket. */

/** Most bytes of header lines of one response. */
export const MAX_HEADER_BLOCK_CHARS = 64 * 1024;

const HEADER_BLOCK = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+\n[\t\x20-\x7e\x80-\xff]*\n)*$/;

/** Whether it is one but for its size. */
export function isHeaderBlockTooLarge(value: unknown): boolean {
  return typeof value === "string" && value.length > MAX_HEADER_BLOCK_CHARS;
}

export function isHeaderBlock(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_HEADER_BLOCK_CHARS && HEADER_BLOCK.test(value);
}
