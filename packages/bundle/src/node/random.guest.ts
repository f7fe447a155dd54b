/** Random values of `node:crypto`, by the platform's `crypto`. */
import { Buffer } from "./buffer.guest.ts";
import { invalidArgument, nodeError } from "./node-error.guest.ts";

type Callback<T> = (error: Error | null, value: T) => void;

/** `getRandomValues` gives no more at once. */
const QUOTA_BYTES = 65_536;
const MAX_RANGE = 2 ** 48 - 1;

export function randomFillSync<T extends ArrayBuffer | ArrayBufferView>(target: T, offset = 0, size?: number): T {
  const bytes = ArrayBuffer.isView(target)
    ? new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    : new Uint8Array(target as ArrayBuffer);
  const end = size === undefined ? bytes.length : offset + size;
  if (!(offset >= 0 && offset <= end && end <= bytes.length)) throw outOfRange("offset", `<= ${bytes.length}`, offset);
  for (let at = offset; at < end; at += QUOTA_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(end, at + QUOTA_BYTES)) as Uint8Array<ArrayBuffer>);
  }
  return target;
}

export function randomFill<T extends ArrayBuffer | ArrayBufferView>(target: T, ...rest: unknown[]): void {
  const callback = rest.pop() as Callback<T>;
  const [offset, size] = rest as [number?, number?];
  later(callback, randomFillSync(target, offset, size));
}

export function randomBytes(size: number): Buffer;
export function randomBytes(size: number, callback: Callback<Buffer>): void;
export function randomBytes(size: number, callback?: Callback<Buffer>): Buffer | undefined {
  if (typeof size !== "number") throw invalidArgument("size", "of type number", size);
  if (!(size >= 0 && size <= 2 ** 31 - 1)) throw outOfRange("size", ">= 0 && <= 2147483647", size);
  const bytes = randomFillSync(Buffer.alloc(size));
  if (callback === undefined) return bytes;
  later(callback, bytes);
  return undefined;
}

export function randomInt(max: number): number;
export function randomInt(...args: (number | Callback<number> | undefined)[]): number | undefined {
  const callback = typeof args.at(-1) === "function" ? (args.pop() as Callback<number>) : undefined;
  const [min, max] = (args.length > 1 && args[1] !== undefined ? args : [0, args[0]]) as [number, number];
  if (!Number.isSafeInteger(min)) throw invalidArgument("min", "a safe integer", min);
  if (!Number.isSafeInteger(max)) throw invalidArgument("max", "a safe integer", max);
  const range = max - min;
  if (!(range > 0)) throw outOfRange("max", `greater than the value of "min" (${min})`, max);
  if (range > MAX_RANGE) throw outOfRange("max - min", `<= ${MAX_RANGE}`, range);
  const value = min + drawBelow(range);
  if (callback === undefined) return value;
  later(callback, value);
  return undefined;
}

export function randomUUID(): string {
  return crypto.randomUUID();
}

/** Each value as likely as the others: what lies beyond the last whole range is drawn again. */
function drawBelow(range: number): number {
  const limit = MAX_RANGE + 1 - ((MAX_RANGE + 1) % range);
  for (;;) {
    const drawn = Buffer.from(crypto.getRandomValues(new Uint8Array(6)).buffer).readUIntBE(0, 6);
    if (drawn < limit) return drawn % range;
  }
}

function later<T>(callback: Callback<T>, value: T): void {
  if (typeof callback !== "function") throw invalidArgument("callback", "of type function", callback);
  setTimeout(() => callback(null, value), 0);
}

function outOfRange(name: string, range: string, found: number): Error {
  const text = `The value of "${name}" is out of range. It must be ${range}. Received ${found}`;
  return nodeError("ERR_OUT_OF_RANGE", text, RangeError);
}
