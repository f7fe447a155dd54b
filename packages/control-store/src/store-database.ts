/**
 * The SQLite file of an embedded store: opened by one process, schema in `user_version`, epoch in `meta`.
 *
 * I1 One process at a time: the lock of the file is held as long as it is open, and dies with the process.
 * I2 A transaction that has returned survives the loss of the process and of power (`synchronous = FULL`).
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errors } from "./errors.ts";

export const SCHEMA_VERSION = 2;

const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE records (key TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE feed (seq INTEGER PRIMARY KEY, changes TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT;
  CREATE TABLE idempotency (
    key TEXT PRIMARY KEY, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_by_age ON idempotency (at_ms);
  CREATE TABLE builds (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    version TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'building', 'ended')),
    attempts INTEGER NOT NULL DEFAULT 0,
    token TEXT
  ) STRICT;
  CREATE INDEX builds_by_state ON builds (state, position);
  CREATE TABLE build_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT NOT NULL, event TEXT NOT NULL
  ) STRICT;
  CREATE INDEX build_events_by_version ON build_events (version, seq);
`;

/** What each schema has beyond the one before it, from the second on. */
const UPGRADES = [
  `
  ALTER TABLE idempotency ADD COLUMN receipt TEXT;
  CREATE TABLE audit (position INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL) STRICT;
`,
];

export interface OpenDatabaseOptions {
  /** After a file was restored from a backup: readers that are ahead of it must not go on from where they were. */
  readonly startNewEpoch?: boolean;
}

export class StoreDatabase {
  readonly sql: DatabaseSync;
  readonly epoch: string;

  constructor(sql: DatabaseSync, epoch: string) {
    this.sql = sql;
    this.epoch = epoch;
  }

  /** Runs `work` in one transaction: all of it, or none where it throws. */
  transact<T>(work: () => T): T {
    this.sql.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.sql.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.sql.isTransaction) this.sql.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    if (this.sql.isOpen) this.sql.close();
  }
}

function writeEpoch(sql: DatabaseSync): string {
  const epoch = randomBytes(8).toString("hex");
  sql.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('epoch', ?)").run(epoch);
  return epoch;
}

function prepareSchema(sql: DatabaseSync, path: string, startNewEpoch: boolean): string {
  const found = (sql.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
  if (found > SCHEMA_VERSION) throw errors.SCHEMA_NEWER({ path, found, newest: SCHEMA_VERSION });
  sql.exec("BEGIN IMMEDIATE");
  if (found === 0) sql.exec(SCHEMA);
  for (const upgrade of UPGRADES.slice(Math.max(0, found - 1))) sql.exec(upgrade);
  sql.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  const row = sql.prepare("SELECT value FROM meta WHERE name = 'epoch'").get() as { value: string } | undefined;
  const epoch = row === undefined || startNewEpoch ? writeEpoch(sql) : row.value;
  sql.exec("COMMIT");
  return epoch;
}

const SQLITE_BUSY = 5;

/**
 * Opens the file of an embedded store, making it where there is none.
 *
 * @throws STORE_IN_USE, STORE_UNREADABLE, STORE_SCHEMA_NEWER
 */
export function openStoreDatabase(path: string, options: OpenDatabaseOptions = {}): StoreDatabase {
  let sql: DatabaseSync | null = null;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    sql = new DatabaseSync(path);
    // Node records carry credentials of workers.
    chmodSync(path, 0o600);
    // EXCLUSIVE keeps a second registry out, and spares the shared-memory file of the write-ahead log.
    sql.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    return new StoreDatabase(sql, prepareSchema(sql, path, options.startNewEpoch ?? false));
  } catch (cause) {
    if (sql?.isOpen) sql.close();
    if (cause instanceof Error && (cause as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw errors.IN_USE({ path }, cause);
    }
    if (cause instanceof Error && cause.name === "NanoError") throw cause;
    throw errors.UNREADABLE({ path, why: cause instanceof Error ? cause.message : String(cause) }, cause);
  }
}
