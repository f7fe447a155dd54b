/** Changes to the control store, decided on one state: what was read is what the commit expects. */
import type { Precondition, UnchangedSince } from "@nano/control-store/control-store";
import type { StoreState } from "@nano/control-store/follow-store";
import type { AppName, EngineFingerprint, VersionId } from "@nano/protocol/brands";
import { canonicalJson } from "@nano/protocol/canonical-json";
import {
  type AppRecord,
  type BuildRecord,
  type NodeRecord,
  type RouteRecord,
  recordKey,
  type SecretsRecord,
  type StoreChange,
  type StoreRecord,
  type TokenRecord,
  type VersionRecord,
} from "@nano/protocol/records";
import type { AuditNote } from "./audit-note.ts";
import { announcedBadSlivers, announcedEngines, type BadSliverIndex } from "./engines.ts";

export class Transaction {
  readonly #state: StoreState;
  readonly #written = new Map<string, StoreRecord | null>();
  readonly #read = new Set<string>();
  readonly #complete = new Set<UnchangedSince["kinds"][number]>();
  readonly #notes: AuditNote[] = [];

  constructor(state: StoreState) {
    this.#state = state;
  }

  get changes(): StoreChange[] {
    const isChanged = ({ key, record }: StoreChange): boolean =>
      canonicalJson(record) !== canonicalJson(this.#state.records.get(key) ?? null);
    return [...this.#written].map(([key, record]) => ({ key, record })).filter(isChanged);
  }

  get expectations(): Precondition[] {
    return [...this.#read].map((key) => ({ key, record: this.#state.records.get(key) ?? null }));
  }

  /** Kinds whose listing the decision rests on. */
  get unchanged(): UnchangedSince {
    const { epoch, seq } = this.#state;
    return { kinds: [...this.#complete], since: { epoch, seq } };
  }

  get notes(): readonly AuditNote[] {
    return this.#notes;
  }

  /** Says in the audit log what this does; without a note, a request's changes are listed there. */
  note(action: string, subject: string, details: AuditNote["details"] = {}): void {
    this.#notes.push({ action, subject, details });
  }

  /** The commit holds only where nobody has added, changed or removed a record of this kind meanwhile. */
  requireComplete(kind: UnchangedSince["kinds"][number]): void {
    this.#complete.add(kind);
  }

  app(name: AppName): AppRecord | null {
    return this.#get(`app/${name}`) as AppRecord | null;
  }

  version(id: VersionId): VersionRecord | null {
    return this.#get(`version/${id}`) as VersionRecord | null;
  }

  build(version: VersionId): BuildRecord | null {
    return this.#get(`build/${version}`) as BuildRecord | null;
  }

  secrets(app: AppName): SecretsRecord | null {
    return this.#get(`secrets/${app}`) as SecretsRecord | null;
  }

  /** Newest first. */
  versionsOf(app: AppName): VersionRecord[] {
    const versions = this.#all("version") as VersionRecord[];
    return versions.filter((version) => version.app === app).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  routes(): RouteRecord[] {
    return this.#all("route") as RouteRecord[];
  }

  token(id: string): TokenRecord | null {
    return this.#get(`token/${id}`) as TokenRecord | null;
  }

  tokens(): TokenRecord[] {
    return this.#all("token") as TokenRecord[];
  }

  countApps(): number {
    return this.#all("app").length;
  }

  /** Not an expectation: they come and go as they like. */
  nodes(): NodeRecord[] {
    return this.#all("node") as NodeRecord[];
  }

  /** Of executors that take work. Not an expectation: they come and go as they like. */
  announcedEngines(): ReadonlySet<EngineFingerprint> {
    return announcedEngines(this.#state.records.values());
  }

  /** What those could not restore. Not an expectation either. */
  announcedBadSlivers(): BadSliverIndex {
    return announcedBadSlivers(this.#state.records.values());
  }

  put(record: StoreRecord): void {
    const key = recordKey(record);
    this.#read.add(key);
    this.#written.set(key, record);
  }

  delete(record: StoreRecord): void {
    const key = recordKey(record);
    this.#read.add(key);
    this.#written.set(key, null);
  }

  #get(key: string): StoreRecord | null {
    this.#read.add(key);
    const written = this.#written.get(key);
    return written === undefined ? (this.#state.records.get(key) ?? null) : written;
  }

  /** A listing is not an expectation: what others add meanwhile does not stop this commit. */
  #all(kind: StoreRecord["kind"]): StoreRecord[] {
    const found: StoreRecord[] = [];
    for (const [key, record] of this.#state.records) {
      if (record.kind === kind && !this.#written.has(key)) found.push(record);
    }
    for (const record of this.#written.values()) {
      if (record?.kind === kind) found.push(record);
    }
    return found;
  }
}
