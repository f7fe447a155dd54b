/**
 * The secrets of apps as this node may give them to workers: opened from the control store's records with the key of a file.
 *
 * I1 What cannot be opened is told once for each record and key, by the app's name, and changes nothing: the last good set is given on. Where
 *    there was none, the app's versions are refused: an app never runs without secrets that it was set.
 * I2 The key file is read when there is something to open, so that one that was put right is taken up.
 */
import { loadSealKey, type SealKey } from "@nano/control-store/seal-key";
import { openSecrets } from "@nano/control-store/sealed-secrets";
import type { AppName } from "@nano/protocol/brands";
import { type NanoError, toWireError } from "@nano/protocol/errors";
import type { SecretsRecord, StoreRecord } from "@nano/protocol/records";
import type { SecretValues } from "@nano/protocol/secrets";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";

const NONE: SecretValues = Object.freeze({});

export interface SecretSupplyOptions {
  /** Null: there is none, and nothing can be opened. */
  readonly keyFile: string | null;
  readonly logger: Logger;
}

interface AppEntry {
  readonly record: SecretsRecord;
  /** The last good set; null: none yet. */
  readonly secrets: SecretValues | null;
  /** Why `record` cannot be opened, or null. */
  readonly error: NanoError | null;
  /** The key that did not open it; null where there was no key. */
  readonly triedKey: string | null;
}

export class SecretSupply {
  readonly #options: SecretSupplyOptions;
  readonly #apps = new Map<AppName, AppEntry>();

  constructor(options: SecretSupplyOptions) {
    this.#options = options;
  }

  /** A new state of the control store. Answers the apps whose secrets are others now. */
  update(records: ReadonlyMap<string, StoreRecord>): AppName[] {
    const unopened: SecretsRecord[] = [];
    const seen = new Set<AppName>();
    for (const record of records.values()) {
      if (record.kind !== "secrets") continue;
      seen.add(record.app);
      const known = this.#apps.get(record.app);
      if (known?.record.sealed !== record.sealed || known.error !== null) unopened.push(record);
    }
    const changed = this.#open(unopened);
    for (const app of this.#apps.keys()) {
      if (seen.has(app)) continue;
      this.#apps.delete(app);
      changed.push(app);
    }
    return changed;
  }

  /** Tries again what could not be opened. Answers whether the secrets of the app are others now. */
  retry(app: AppName): boolean {
    const entry = this.#apps.get(app);
    return entry !== undefined && entry.error !== null && this.#open([entry.record]).length > 0;
  }

  /** @throws EXEC_SECRETS_UNREADABLE */
  of(app: AppName): SecretValues {
    const entry = this.#apps.get(app);
    if (entry === undefined) return NONE;
    if (entry.secrets !== null) return entry.secrets;
    throw entry.error;
  }

  #open(records: readonly SecretsRecord[]): AppName[] {
    if (records.length === 0) return [];
    const key = this.#loadKey();
    const triedKey = "key" in key ? key.key.id.toString("hex") : null;
    const changed: AppName[] = [];
    for (const record of records) {
      const { app } = record;
      const known = this.#apps.get(app);
      const isSame = known?.record.sealed === record.sealed;
      if (isSame && known?.triedKey === triedKey) continue;
      try {
        if ("why" in key) throw errors.SECRETS_UNREADABLE({ app, why: key.why });
        const secrets = openSecrets(record.sealed, { app, key: key.key });
        this.#apps.set(app, { record, secrets, error: null, triedKey });
        changed.push(app);
      } catch (thrown) {
        const { message } = toWireError(thrown);
        const error = "why" in key ? (thrown as NanoError) : errors.SECRETS_UNREADABLE({ app, why: message });
        this.#apps.set(app, { record, secrets: known?.secrets ?? null, error, triedKey });
        this.#options.logger.error("secrets cannot be opened", { app, revision: record.revision, err: error });
      }
    }
    return changed;
  }

  #loadKey(): { readonly key: SealKey } | { readonly why: string } {
    const { keyFile } = this.#options;
    if (keyFile === null) return { why: "this executor has no key file: set secrets.keyFile" };
    try {
      return { key: loadSealKey(keyFile) };
    } catch (thrown) {
      return { why: toWireError(thrown).message };
    }
  }
}
