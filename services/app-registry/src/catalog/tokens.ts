/** Tokens of the API: made, listed, taken back. */
import type { TokenRecord } from "@nano/protocol/records";
import type { NewTokenAnswer, TokenAnswer, TokenRequest } from "@nano/protocol/registry-api";
import { errors } from "../errors.ts";
import { createAccessToken, formatAccessToken, hashSecret } from "./access-token.ts";
import type { Author } from "./author.ts";
import type { Catalog } from "./catalog.ts";

export interface TokensOptions {
  readonly catalog: Catalog;
  /** Tokens that have not expired; those that have go when the next one is made. */
  readonly limitCount: number;
}

export class Tokens {
  readonly #catalog: Catalog;
  readonly #limitCount: number;

  constructor(options: TokensOptions) {
    this.#catalog = options.catalog;
    this.#limitCount = options.limitCount;
  }

  /** The only time that the token is told. @throws REGISTRY_TOO_MANY_TOKENS, REGISTRY_TOKEN_TOLD_ONCE */
  async create(request: TokenRequest, author: Author): Promise<NewTokenAnswer> {
    const token = createAccessToken();
    const nowMs = Date.now();
    const { name, role, apps, expiresInSecs } = request;
    const record: TokenRecord = {
      kind: "token",
      id: token.id,
      name,
      role,
      apps: role === "deployer" ? apps : null,
      hash: hashSecret(token.secret),
      createdAt: new Date(nowMs).toISOString(),
      expiresAt: expiresInSecs === null ? null : new Date(nowMs + expiresInSecs * 1000).toISOString(),
    };
    const { result: id, isRepeat } = await this.#catalog.transactOnce((tx) => {
      const tokens = tx.tokens();
      const expired = tokens.filter((other) => hasExpired(other, nowMs));
      if (tokens.length - expired.length >= this.#limitCount) {
        throw errors.TOO_MANY_TOKENS({ limitCount: this.#limitCount });
      }
      for (const other of expired) tx.delete(other);
      tx.put(record);
      tx.note("token.create", `token/${record.id}`, { name, role, apps: record.apps?.length ?? null });
      return record.id;
    }, author);
    if (isRepeat) throw errors.TOKEN_TOLD_ONCE({ id });
    return { ...showToken(record), token: formatAccessToken(token) };
  }

  /** @throws REGISTRY_NOT_FOUND */
  async delete(id: string, author: Author): Promise<void> {
    await this.#catalog.transact((tx) => {
      const token = tx.token(id);
      if (token === null) throw errors.NOT_FOUND({ what: `token ${id}` });
      tx.delete(token);
      tx.note("token.delete", `token/${id}`, { name: token.name, role: token.role });
    }, author);
  }

  /** Newest first. */
  list(): TokenAnswer[] {
    const tokens = [...this.#catalog.state.records.values()].filter((record) => record.kind === "token");
    return tokens.map(showToken).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }
}

export function hasExpired({ expiresAt }: Pick<TokenRecord, "expiresAt">, nowMs: number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= nowMs;
}

function showToken({ id, name, role, apps, createdAt, expiresAt }: TokenRecord): TokenAnswer {
  return { id, name, role, apps: apps === null ? null : [...apps], createdAt, expiresAt };
}
