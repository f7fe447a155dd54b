// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** FormData of the XMLHttpRequest standard. Its wire forms are in `form-data-codec.ts`. */
import { TypeErrorCtor } from "../primordials.ts";
import { type File, fileOfBlob, isBlob, isFile } from "./blob.ts";
import { defineIterable } from "./pair-iterator.ts";
import { finishInterface } from "./webidl.ts";
import { requireArguments, toUSVString } from "./webidl-convert.ts";

export type FormDataEntry = readonly [name: string, value: string | File];

let entriesOf: (self: FormData) => FormDataEntry[];
/** Whether a value is a FormData of this platform. */
export let isFormData: (value: unknown) => value is FormData;

export class FormData {
  #entries: FormDataEntry[] = [];

  static {
    entriesOf = (self) => self.#entries;
    isFormData = (value): value is FormData => typeof value === "object" && value !== null && #entries in value;
  }

  constructor(form: unknown = undefined) {
    if (form !== undefined) throw new TypeErrorCtor("new FormData: there are no form elements here");
  }

  append(name: unknown, value: unknown, fileName: unknown = undefined): void {
    this.#entries;
    requireArguments(arguments.length, 2, "FormData.append");
    const entry = createEntry(name, value, arguments.length > 2 ? { fileName } : undefined);
    this.#entries[this.#entries.length] = entry;
  }

  delete(name: unknown): void {
    this.#entries;
    requireArguments(arguments.length, 1, "FormData.delete");
    const wanted = toUSVString(name);
    const kept: FormDataEntry[] = [];
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as FormDataEntry;
      if (entry[0] !== wanted) kept[kept.length] = entry;
    }
    this.#entries = kept;
  }

  get(name: unknown): string | File | null {
    this.#entries;
    requireArguments(arguments.length, 1, "FormData.get");
    const wanted = toUSVString(name);
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as FormDataEntry;
      if (entry[0] === wanted) return entry[1];
    }
    return null;
  }

  getAll(name: unknown): (string | File)[] {
    this.#entries;
    requireArguments(arguments.length, 1, "FormData.getAll");
    const wanted = toUSVString(name);
    const values: (string | File)[] = [];
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as FormDataEntry;
      if (entry[0] === wanted) values[values.length] = entry[1];
    }
    return values;
  }

  has(name: unknown): boolean {
    this.#entries;
    requireArguments(arguments.length, 1, "FormData.has");
    const wanted = toUSVString(name);
    for (let i = 0; i < this.#entries.length; i++) if (this.#entries[i]?.[0] === wanted) return true;
    return false;
  }

  set(name: unknown, value: unknown, fileName: unknown = undefined): void {
    this.#entries;
    requireArguments(arguments.length, 2, "FormData.set");
    const entry = createEntry(name, value, arguments.length > 2 ? { fileName } : undefined);
    const kept: FormDataEntry[] = [];
    let found = false;
    for (let i = 0; i < this.#entries.length; i++) {
      const old = this.#entries[i] as FormDataEntry;
      if (old[0] !== entry[0]) kept[kept.length] = old;
      else if (!found) {
        found = true;
        kept[kept.length] = entry;
      }
    }
    if (!found) kept[kept.length] = entry;
    this.#entries = kept;
  }
}

finishInterface(FormData, "FormData");
defineIterable(FormData.prototype, { name: "FormData", pairsOf: entriesOf });

/** The entries of a FormData, in order: live, and not to be changed. */
export function formDataEntries(form: FormData): readonly FormDataEntry[] {
  return entriesOf(form);
}

/** A FormData of entries that came from the wire. */
export function formDataOf(entries: FormDataEntry[]): FormData {
  const form = new FormData();
  const list = entriesOf(form);
  for (let i = 0; i < entries.length; i++) list[i] = entries[i] as FormDataEntry;
  return form;
}

/** "Create an entry": a blob becomes a file, named "blob" where nobody names it. */
function createEntry(name: unknown, value: unknown, file: { fileName: unknown } | undefined): FormDataEntry {
  const entryName = toUSVString(name);
  if (!isBlob(value)) {
    if (file !== undefined) throw new TypeErrorCtor("FormData: only a Blob can have a file name");
    return [entryName, toUSVString(value)];
  }
  if (isFile(value) && (file === undefined || file.fileName === undefined)) return [entryName, value];
  return [entryName, fileOfBlob(value, file?.fileName === undefined ? "blob" : toUSVString(file.fileName))];
}
