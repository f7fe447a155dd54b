/** Bytes of the vectors that cases compare with, and back. */

export function bytesOf(text) {
  const digits = text.replace(/[\s:]/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

export function hex(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function text(value) {
  return new TextEncoder().encode(value);
}
