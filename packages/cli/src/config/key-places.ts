/**
 * Where the builder's key, the keys that are trusted and the key of apps' secrets are kept: in the data directory where the user named one,
 * otherwise once per user, so that a sliver made in one directory is taken in another.
 */
import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  loadOrCreateSigningKey,
  loadTrustedKeys,
  type SigningKey,
  type TrustedKeys,
  trustKey,
} from "@nano/sliver/signing-key";
import { createDataDirectory } from "./data-directory.ts";

export interface KeyPlaces {
  readonly directory: string;
  readonly signingKeyFile: string;
  readonly trustedDirectory: string;
  /** Made by the registry. */
  readonly secretsKeyFile: string;
}

export interface KeyPlaceOptions {
  /** What `--data-dir` says. */
  readonly chosenDataDirectory: string | null;
  /** Taken where the user has no home to write to. */
  readonly dataDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function findKeyPlaces({ chosenDataDirectory, dataDirectory, env }: KeyPlaceOptions): KeyPlaces {
  const directory = chosenDataDirectory ?? userDirectory(env) ?? dataDirectory;
  return {
    directory,
    signingKeyFile: join(directory, "keys/sliver.key.pem"),
    trustedDirectory: join(directory, "keys/trusted"),
    secretsKeyFile: join(directory, "keys/secrets.key"),
  };
}

/** Makes the builder's key where there is none, and trusts it. @throws SLIVER_KEY_UNUSABLE */
export async function openKeys(places: KeyPlaces): Promise<{ signingKey: SigningKey; trustedKeys: TrustedKeys }> {
  createDataDirectory(places.directory);
  const signingKey = await loadOrCreateSigningKey(places.signingKeyFile);
  await trustKey(places.trustedDirectory, signingKey);
  return { signingKey, trustedKeys: await loadTrustedKeys(places.trustedDirectory) };
}

function userDirectory(env: Readonly<Record<string, string | undefined>>): string | null {
  const base = env.XDG_DATA_HOME || join(env.HOME || homedir(), ".local/share");
  const directory = join(base, "nano");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK | constants.X_OK);
    return directory;
  } catch {
    return null; // no home, or one that is read-only
  }
}
