/**
 * Versions that were inside an entry when a worker died or hung. From the second time on a version is in quarantine, on all nodes: it has a worker for
 * itself, and when it ends that one too, it waits for the next, the longer the more often.
 *
 *   ──blamed──▶ blamed once ──blamed again, or named by another node──▶ in quarantine ──ends its own worker──▶ held back for a pause
 *                   └──────────────── `FORGIVEN_AFTER_MS` after the last death, or lifted by an operator ◀──────────┘
 *
 * I1 Only deaths in a worker of its own hold a version back: there it has no neighbours, so that nobody pays for what another did.
 * I2 Nodes tell each other in their records. What they tell ends by when it happened, wherever it is told: it cannot keep itself alive.
 */
import type { AppName, VersionId } from "@nano/protocol/brands";
import type { AppRecord, NodeRecord, QuarantinedVersion, StoreChange } from "@nano/protocol/records";

/** Deaths of shared workers. One may be chance: the machine's memory ran out, or somebody ended the process. */
export const QUARANTINED_AFTER_DEATHS = 2;
/** From the last death. */
export const FORGIVEN_AFTER_MS = 3_600_000;
/** Those that are remembered: the node's record names them. Beyond it the oldest is forgiven, those first that are not in quarantine. */
export const MAX_BLAMED_VERSIONS = 128;
/** After a death in its own worker, doubled with each one up to the bound. */
const PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** Nodes that have not heard of a lift tell of what it forgave, and their clocks differ. */
const LIFT_GRACE_MS = 10_000;

export interface Blamed {
  readonly app: AppName;
  /** Of shared workers. */
  deathCount: number;
  /** Of workers of its own. */
  ownDeathCount: number;
  /** The last one, by the wall clock: nodes compare it. */
  atMs: number;
}

export interface QuarantineOptions {
  /** By the wall clock. @default Date.now */
  nowMs?(): number;
  /** What `named` answers has changed: how, and of which version. */
  onChange(change: QuarantineChange, versionId: VersionId, blamed: Blamed): void;
  /** An operator has just forgiven all that an app did. */
  onLift?(app: AppName): void;
}

/** `adopted`: another node had named it. */
export type QuarantineChange = "quarantined" | "adopted" | "lifted" | "forgiven";

export class Quarantine {
  readonly #options: QuarantineOptions;
  /** By their last death, the oldest first. */
  readonly #blamed = new Map<VersionId, Blamed>();
  /** By app: what another node tells is not taken up to then. Bounded by what was lifted within `FORGIVEN_AFTER_MS`. */
  readonly #lifted = new Map<AppName, { readonly at: string; readonly untilMs: number }>();
  #hasState = false;

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** Those in quarantine, for the node's record. */
  get named(): Readonly<Record<VersionId, QuarantinedVersion>> {
    const named: Record<VersionId, QuarantinedVersion> = {};
    for (const [versionId, { app, atMs }] of this.#quarantined()) named[versionId] = { app, at: toText(atMs) };
    return named;
  }

  get versions(): readonly VersionId[] {
    return [...this.#quarantined()].map(([versionId]) => versionId);
  }

  has(versionId: VersionId): boolean {
    return isQuarantined(this.#blamed.get(versionId));
  }

  /** A worker that it shares died or hung inside an entry of it. */
  blame(versionId: VersionId, app: AppName): Blamed {
    const blamed = this.#blamed.get(versionId) ?? { app, deathCount: 0, ownDeathCount: 0, atMs: 0 };
    const wasQuarantined = isQuarantined(blamed);
    blamed.deathCount += 1;
    this.#keep(versionId, blamed, this.#nowMs());
    if (!wasQuarantined && isQuarantined(blamed)) this.#options.onChange("quarantined", versionId, blamed);
    return blamed;
  }

  /** The worker that it has for itself died or hung, in whatever. */
  endedOwnWorker(versionId: VersionId): Blamed | null {
    const blamed = this.#blamed.get(versionId);
    if (blamed === undefined) return null;
    blamed.ownDeathCount += 1;
    this.#keep(versionId, blamed, this.#nowMs());
    return blamed;
  }

  /** How long until it may have another worker for itself. */
  pauseMs(versionId: VersionId): number {
    const blamed = this.#blamed.get(versionId);
    if (blamed === undefined || blamed.ownDeathCount === 0) return 0;
    const pauseMs = Math.min(PAUSE_MS * 2 ** (blamed.ownDeathCount - 1), MAX_PAUSE_MS);
    return Math.max(0, blamed.atMs + pauseMs - this.#nowMs());
  }

  /** Takes what is new in the control store: what other nodes name, and what operators have lifted. */
  update(changes: readonly StoreChange[]): void {
    // Lifts first: a state that is read whole holds them beside what nodes said before.
    for (const { record } of changes) if (record?.kind === "app") this.#takeLift(record);
    for (const { record } of changes) if (record?.kind === "node") this.#takeNamed(record);
    this.#hasState = true;
  }

  /** To be called now and then: forgives what is long ago. */
  sweep(): void {
    const nowMs = this.#nowMs();
    for (const [versionId, blamed] of this.#blamed) {
      // Of a clock that was set back: it is forgiven a whole time after now.
      blamed.atMs = Math.min(blamed.atMs, nowMs);
      if (nowMs - blamed.atMs >= FORGIVEN_AFTER_MS) this.#drop("forgiven", versionId, blamed);
    }
    for (const [app, { untilMs }] of this.#lifted) if (nowMs - untilMs >= FORGIVEN_AFTER_MS) this.#lifted.delete(app);
  }

  #takeLift({ name, quarantineLiftedAt: at }: AppRecord): void {
    if (at === undefined || this.#lifted.get(name)?.at === at) return;
    const liftedMs = Date.parse(at);
    const nowMs = this.#nowMs();
    if (Number.isNaN(liftedMs) || nowMs - liftedMs >= FORGIVEN_AFTER_MS) return;
    // One that is new was made just now, whatever its clock says.
    this.#lifted.set(name, { at, untilMs: this.#hasState ? Math.max(liftedMs, nowMs) + LIFT_GRACE_MS : liftedMs });
    for (const [versionId, blamed] of this.#blamed) {
      if (blamed.app === name && (this.#hasState || blamed.atMs <= liftedMs)) this.#drop("lifted", versionId, blamed);
    }
    if (this.#hasState) this.#options.onLift?.(name);
  }

  #takeNamed({ quarantined = {} }: NodeRecord): void {
    const nowMs = this.#nowMs();
    for (const [id, { app, at }] of Object.entries(quarantined)) {
      const versionId = id as VersionId;
      const atMs = Math.min(Date.parse(at), nowMs);
      // What does not parse is never less.
      if (!(nowMs - atMs < FORGIVEN_AFTER_MS) || atMs <= (this.#lifted.get(app)?.untilMs ?? 0)) continue;
      const known = this.#blamed.get(versionId);
      if (known !== undefined && isQuarantined(known) && known.atMs >= atMs) continue;
      const blamed = known ?? { app, deathCount: 0, ownDeathCount: 0, atMs };
      const wasQuarantined = isQuarantined(blamed);
      blamed.deathCount = Math.max(blamed.deathCount, QUARANTINED_AFTER_DEATHS);
      this.#keep(versionId, blamed, Math.max(blamed.atMs, atMs));
      if (!wasQuarantined) this.#options.onChange("adopted", versionId, blamed);
    }
  }

  #keep(versionId: VersionId, blamed: Blamed, atMs: number): void {
    blamed.atMs = atMs;
    this.#blamed.delete(versionId);
    this.#blamed.set(versionId, blamed);
    if (this.#blamed.size <= MAX_BLAMED_VERSIONS) return;
    const others = [...this.#blamed].filter(([other]) => other !== versionId);
    const oldest = others.find(([, other]) => !isQuarantined(other)) ?? others[0];
    if (oldest !== undefined) this.#drop("forgiven", ...oldest);
  }

  #drop(change: "lifted" | "forgiven", versionId: VersionId, blamed: Blamed): void {
    this.#blamed.delete(versionId);
    if (isQuarantined(blamed)) this.#options.onChange(change, versionId, blamed);
  }

  *#quarantined(): Iterable<[VersionId, Blamed]> {
    for (const entry of this.#blamed) if (isQuarantined(entry[1])) yield entry;
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? Date.now();
  }
}

function isQuarantined(blamed: Blamed | undefined): boolean {
  return blamed !== undefined && blamed.deathCount >= QUARANTINED_AFTER_DEATHS;
}

function toText(atMs: number): string {
  return new Date(atMs).toISOString();
}
