/** Looks for a text in every form in which it might lie about: in files, in slivers section by section, in what processes show of themselves. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TrustedKeys } from "@nano/sliver/signing-key";
import { parseSliver, readSection } from "@nano/sliver/sliver-file";
import { SLIVER_MAGIC } from "@nano/sliver/sliver-layout";

export interface Needle {
  readonly form: string;
  readonly bytes: Buffer;
}

/** A place that was looked into, and the forms of a needle that were found there. */
export interface Place {
  readonly name: string;
  readonly found: readonly string[];
}

/** The text as bytes, in UTF-16 of both orders, each also reversed, in hexadecimal, and in base64 at its three alignments. */
export function needlesOf(text: string): Needle[] {
  const utf16 = Buffer.from(text, "utf16le");
  const plain: Needle[] = [
    { form: "UTF-8", bytes: Buffer.from(text) },
    { form: "UTF-16LE", bytes: utf16 },
    { form: "UTF-16BE", bytes: Buffer.from(utf16).swap16() },
  ];
  const reversed = plain.map(({ form, bytes }) => ({ form: `reversed ${form}`, bytes: Buffer.from(bytes).reverse() }));
  const encoded = plain.flatMap(({ form, bytes }) => {
    const hex = bytes.toString("hex");
    const texts = [["hex", hex], ["HEX", hex.toUpperCase()], ...[0, 1, 2].flatMap((shift) => base64At(bytes, shift))];
    return texts.map(([kind = "", digits = ""]) => ({ form: `${kind} of ${form}`, bytes: Buffer.from(digits) }));
  });
  return [...plain, ...reversed, ...encoded];
}

/** Digits that are the text's alone, whatever stands before and after it. */
function base64At(bytes: Buffer, shift: number): [string, string][] {
  const whole = Buffer.concat([Buffer.alloc(shift), bytes]);
  const from = shift === 0 ? 0 : 4;
  const to = Math.floor(whole.length / 3) * 4;
  return (["base64", "base64url"] as const).map((form) => [
    `${form} at ${shift}`,
    whole.toString(form).slice(from, to),
  ]);
}

export function lookInto(name: string, content: Buffer | string, needles: readonly Needle[]): Place {
  const bytes = Buffer.from(content);
  return { name, found: needles.filter((needle) => bytes.includes(needle.bytes)).map(({ form }) => form) };
}

/** Every file below a directory, and of each sliver among them every section, decompressed. */
export function lookBelow(directory: string, needles: readonly Needle[], trustedKeys: TrustedKeys): Place[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.flatMap(({ parentPath, name }) => {
    const path = join(parentPath, name);
    const bytes = readFileSync(path);
    const places = [lookInto(path, bytes, needles)];
    if (bytes.toString("latin1", 0, SLIVER_MAGIC.length) !== SLIVER_MAGIC) return places;
    const sliver = parseSliver(bytes, { trustedKeys });
    for (const { kind } of sliver.sections) {
      places.push(lookInto(`${path} (${kind})`, readSection(sliver, kind), needles));
    }
    return places;
  });
}

/** A process's arguments, environment, and files that it has open, those without a name among them (Linux). */
export function lookAtProcess(pid: number, needles: readonly Needle[]): Place[] {
  const own = ["cmdline", "environ"].map((name) => `/proc/${pid}/${name}`);
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`);
  const places = own.map((path) => lookInto(path, readFileSync(path), needles));
  for (const path of open) {
    const content = readRegularFile(path);
    if (content !== null) places.push(lookInto(path, content, needles));
  }
  return places;
}

/** Null: closed meanwhile, or no regular file. */
function readRegularFile(path: string): Buffer | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, "r");
    return fstatSync(fd).isFile() ? readFileSync(fd) : null;
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
