/**
 * Secrets of an app as the store holds them: AES-256-GCM under the key of `seal-key.ts`.
 *
 *   sealed = base64( format 1 byte · key id 8 · nonce 12 · tag 16 · ciphertext of a JSON object of strings )
 *
 * I1 The app's name is authenticated with it: what was sealed for one app opens for no other.
 * I2 No error holds any of the content, or the engine's message about it.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { AppName } from "@nano/protocol/brands";
import { type SecretValues, secretValuesSchema } from "@nano/protocol/secrets";
import { errors } from "./errors.ts";
import { SEAL_KEY_ID_BYTES, type SealKey } from "./seal-key.ts";

const FORMAT = 1;
const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_AT = 1 + SEAL_KEY_ID_BYTES;
const TAG_AT = NONCE_AT + NONCE_BYTES;
const TEXT_AT = TAG_AT + TAG_BYTES;

/** The same secrets give other bytes each time: the nonce is random. */
export function sealSecrets(secrets: SecretValues, options: { readonly app: AppName; readonly key: SealKey }): string {
  const { app, key } = options;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.key, nonce, { authTagLength: TAG_BYTES }).setAAD(contextOf(app));
  const text = Buffer.concat([cipher.update(JSON.stringify(secrets), "utf8"), cipher.final()]);
  return Buffer.concat([Buffer.of(FORMAT), key.id, nonce, cipher.getAuthTag(), text]).toString("base64");
}

/** @throws STORE_SECRETS_UNREADABLE: another key, another app's, damaged, or of a newer build */
export function openSecrets(sealed: string, options: { readonly app: AppName; readonly key: SealKey }): SecretValues {
  const { app, key } = options;
  const bytes = Buffer.from(sealed, "base64");
  const refuse = (why: string) => errors.SECRETS_UNREADABLE({ app, why });
  if (bytes.length < TEXT_AT) throw refuse("they are cut short");
  if (bytes[0] !== FORMAT) throw refuse(`their format is ${bytes[0]}, this build knows ${FORMAT}`);
  if (!bytes.subarray(1, NONCE_AT).equals(key.id)) throw refuse("they were sealed with another key");
  const decipher = createDecipheriv(CIPHER, key.key, bytes.subarray(NONCE_AT, TAG_AT), { authTagLength: TAG_BYTES });
  decipher.setAAD(contextOf(app)).setAuthTag(bytes.subarray(TAG_AT, TEXT_AT));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(TEXT_AT)), decipher.final()]).toString("utf8");
    return secretValuesSchema.parse(JSON.parse(text));
  } catch {
    // The cause stays here: a parser's message may quote what it read (I2).
    throw refuse("they are damaged, or another app's");
  }
}

function contextOf(app: AppName): Buffer {
  return Buffer.from(`nano secrets of ${app}`);
}
