/** The builders' public keys that this executor accepts slivers from: read again before each admission. */
import { mkdir } from "node:fs/promises";
import { loadTrustedKeys, type TrustedKeys } from "@nano/sliver/signing-key";

export class TrustedKeyDirectory {
  readonly #directory: string;
  #keys: TrustedKeys = new Map();

  constructor(directory: string) {
    this.#directory = directory;
  }

  get current(): TrustedKeys {
    return this.#keys;
  }

  /** @throws SLIVER_KEY_UNUSABLE */
  async refresh(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o755 });
    this.#keys = await loadTrustedKeys(this.#directory);
  }
}
