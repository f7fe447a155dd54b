/**
 * Who sends a request that came over TCP: told by its token.
 *
 * I1 What is compared takes the same time whether the id is not known or the secret is wrong.
 * I2 The bootstrap token is read anew after `REREAD_MS`: one that was replaced is taken up, and the old one refused.
 */
import { isNanoError } from "@nano/protocol/errors";
import type { StoreRecord } from "@nano/protocol/records";
import type { Metrics } from "@nano/service-kit/metrics";
import type { SecretFile } from "@nano/service-kit/secret-file";
import { type AccessToken, hashSecret, isSecretOf, parseAccessToken } from "../catalog/access-token.ts";
import { hasExpired } from "../catalog/tokens.ts";
import { errors } from "../errors.ts";
import type { Principal } from "./principal.ts";
import { SignInFailures } from "./sign-in-failures.ts";

const REREAD_MS = 5000;

export interface SignInOptions {
  readonly records: () => ReadonlyMap<string, StoreRecord>;
  readonly bootstrapFile: SecretFile | null;
  readonly failuresPerMinuteCount: number;
  readonly metrics: Metrics;
  /** @default Date.now */
  readonly nowMs?: () => number;
}

interface Bootstrap {
  readonly id: string;
  readonly hash: string;
}

export class SignIn {
  readonly #options: SignInOptions;
  readonly #nowMs: () => number;
  readonly #failures: SignInFailures;
  readonly #refusedCount: ReturnType<typeof countRefused>;
  #bootstrap: Bootstrap | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** @throws KIT_SECRET_UNREADABLE, REGISTRY_BAD_BOOTSTRAP_TOKEN */
  constructor(options: SignInOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    const { failuresPerMinuteCount: limitCount, bootstrapFile, metrics } = options;
    this.#failures = new SignInFailures({ limitCount, nowMs: this.#nowMs });
    this.#refusedCount = countRefused(metrics);
    metrics.gauge({
      name: "sign_in_addresses_count",
      help: "Addresses with failed sign-ins that are remembered",
      collect: (gauge) => gauge.set(this.#failures.addressCount),
    });
    if (bootstrapFile !== null) this.#bootstrap = readBootstrap(bootstrapFile);
    this.#readAtMs = this.#nowMs();
  }

  /** @throws REGISTRY_NOT_SIGNED_IN, REGISTRY_TOO_MANY_SIGN_INS */
  signIn(authorization: string | undefined, address: string): Principal {
    const text = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    if (text === undefined) throw this.#refuse("none", address);
    const token = parseAccessToken(text);
    if (token === null) throw this.#refuse("malformed", address);
    const principal = this.#find(token);
    if (typeof principal === "string") throw this.#refuse(principal, address);
    return principal;
  }

  #find({ id, secret }: AccessToken): Principal | "unknown" | "expired" {
    const record = this.#options.records().get(`token/${id}`);
    const stored = record?.kind === "token" ? record : null;
    const bootstrap = this.#readBootstrap();
    const isBootstrap = bootstrap?.id === id;
    if (!isSecretOf(secret, isBootstrap ? bootstrap.hash : (stored?.hash ?? null))) return "unknown";
    if (isBootstrap) return { id, name: "bootstrap", role: "operator", apps: null, expiresAt: null };
    if (stored === null || hasExpired(stored, this.#nowMs())) return "expired";
    const { name, role, apps, expiresAt } = stored;
    return { id, name, role, apps, expiresAt };
  }

  #readBootstrap(): Bootstrap | null {
    const { bootstrapFile } = this.#options;
    const nowMs = this.#nowMs();
    if (bootstrapFile === null || nowMs - this.#readAtMs < REREAD_MS) return this.#bootstrap;
    this.#readAtMs = nowMs;
    try {
      this.#bootstrap = readBootstrap(bootstrapFile);
    } catch (error) {
      if (!isNanoError(error)) throw error;
      // Taken away, or being replaced: nobody signs in with what is not there.
      this.#bootstrap = null;
    }
    return this.#bootstrap;
  }

  #refuse(why: "none" | "malformed" | "unknown" | "expired", address: string): Error {
    const retryAfterMs = this.#failures.note(address);
    this.#refusedCount.inc({ why: retryAfterMs > 0 ? "limited" : why });
    if (retryAfterMs > 0) return errors.TOO_MANY_SIGN_INS({ retryAfterSecs: Math.ceil(retryAfterMs / 1000) });
    return errors.NOT_SIGNED_IN({ why: WORDS[why] });
  }
}

/** Nobody learns from it whether an id is known. */
const WORDS = {
  none: "it carries no token",
  malformed: "its token is not of the form nano_ID_SECRET",
  unknown: "its token is not known",
  expired: "its token has expired",
} as const;

function readBootstrap(file: SecretFile): Bootstrap {
  const token = parseAccessToken(file.read().trim());
  if (token === null) throw errors.BAD_BOOTSTRAP_TOKEN({ path: file.path });
  return { id: token.id, hash: hashSecret(token.secret) };
}

function countRefused(metrics: Metrics) {
  return metrics.counter({
    name: "sign_ins_refused_total",
    help: "Requests over TCP without a token that is valid; limited: beyond what an address may fail in a minute",
    labels: ["why"],
  });
}
