/**
 * Secrets of apps: changed in one commit, kept sealed, told by their names alone.
 *
 * I1 A set that equals the one before changes nothing: workers keep what they have.
 * I2 No value leaves this file but sealed, or to the edit that its caller brought.
 */
import { hasCode, errors as storeErrors } from "@nano/control-store/errors";
import { loadOrCreateSealKey, type SealKey } from "@nano/control-store/seal-key";
import { openSecrets, sealSecrets } from "@nano/control-store/sealed-secrets";
import type { AppName } from "@nano/protocol/brands";
import type { SecretsRecord } from "@nano/protocol/records";
import type { SecretsAnswer } from "@nano/protocol/registry-api";
import type { SecretValues } from "@nano/protocol/secrets";
import { errors } from "../errors.ts";
import type { Author } from "./author.ts";
import type { Catalog } from "./catalog.ts";
import type { Transaction } from "./transaction.ts";

export interface AppSecretsOptions {
  readonly catalog: Catalog;
  /** Read at each use, so that a key that was put right is taken up. */
  readonly keyFile: string;
}

const NONE: SecretsAnswer = { names: [], revision: 0, updatedAt: null };

export class AppSecrets {
  readonly #catalog: Catalog;
  readonly #keyFile: string;

  constructor(options: AppSecretsOptions) {
    this.#catalog = options.catalog;
    this.#keyFile = options.keyFile;
  }

  /** Replaces the secrets of an app by these. @throws REGISTRY_NOT_FOUND, STORE_SEAL_KEY_UNUSABLE */
  replace(app: AppName, secrets: SecretValues, author: Author): Promise<SecretsAnswer> {
    const key = loadOrCreateSealKey(this.#keyFile);
    return this.#catalog.transact((tx) => {
      if (tx.app(app) === null) throw errors.NOT_FOUND({ what: `app ${app}` });
      const answer = this.#put(tx, app, { secrets, key });
      tx.note("secrets.replace", `app/${app}`, { secrets: answer.names.length });
      return answer;
    }, author);
  }

  /** Sets or (null) removes one. `check` refuses a set that is too large. @throws also STORE_SECRETS_UNREADABLE */
  change(
    app: AppName,
    { name, value, check }: { readonly name: string; readonly value: string | null; check(all: SecretValues): void },
    author: Author,
  ): Promise<SecretsAnswer> {
    const key = loadOrCreateSealKey(this.#keyFile);
    return this.#catalog.transact((tx) => {
      if (tx.app(app) === null) throw errors.NOT_FOUND({ what: `app ${app}` });
      const before = tx.secrets(app);
      const { [name]: old, ...others } = before === null ? {} : openSecrets(before.sealed, { app, key });
      if (value === null && old === undefined) throw errors.NOT_FOUND({ what: `secret ${name} of app ${app}` });
      const secrets = value === null ? others : { ...others, [name]: value };
      check(secrets);
      tx.note(value === null ? "secret.delete" : "secret.set", `app/${app}`, { name });
      return this.#put(tx, app, { secrets, key });
    }, author);
  }

  #put(tx: Transaction, app: AppName, { secrets, key }: { secrets: SecretValues; key: SealKey }): SecretsAnswer {
    const before = tx.secrets(app);
    if (Object.keys(secrets).length === 0) {
      if (before !== null) tx.delete(before);
      return NONE;
    }
    if (before !== null && holdsSame(before, secrets, key)) return describe(before, secrets);
    const record: SecretsRecord = {
      kind: "secrets",
      app,
      sealed: sealSecrets(secrets, { app, key }),
      revision: (before?.revision ?? 0) + 1,
      updatedAt: new Date().toISOString(),
    };
    tx.put(record);
    return describe(record, secrets);
  }

  /** @throws REGISTRY_NOT_FOUND, STORE_SECRETS_UNREADABLE, STORE_SEAL_KEY_UNUSABLE */
  show(app: AppName): SecretsAnswer {
    const { records } = this.#catalog.state;
    if (!records.has(`app/${app}`)) throw errors.NOT_FOUND({ what: `app ${app}` });
    const record = records.get(`secrets/${app}`);
    if (record?.kind !== "secrets") return NONE;
    return describe(record, openSecrets(record.sealed, { app, key: loadOrCreateSealKey(this.#keyFile) }));
  }
}

function describe({ revision, updatedAt }: SecretsRecord, secrets: SecretValues): SecretsAnswer {
  return { names: Object.keys(secrets).sort(), revision, updatedAt };
}

function holdsSame(record: SecretsRecord, secrets: SecretValues, key: SealKey): boolean {
  try {
    return sortedText(openSecrets(record.sealed, { app: record.app, key })) === sortedText(secrets);
  } catch (error) {
    // What cannot be opened is replaced.
    if (hasCode(error, storeErrors.SECRETS_UNREADABLE)) return false;
    throw error;
  }
}

function sortedText(secrets: SecretValues): string {
  return JSON.stringify(Object.entries(secrets).sort(([a], [b]) => (a < b ? -1 : 1)));
}
