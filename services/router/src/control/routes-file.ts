/**
 * The routing state as a file: what a router starts from when the control store is away.
 *
 *   {"format":1,"epoch":…,"seq":…,"recordCount":…}
 *   one record a line
 *   {"sha256":…} of everything before it
 *
 * I1 The file is replaced by rename: a reader sees a whole one, old or new.
 * I2 It holds what routing needs and nothing else; the credentials of workers are in it, so it is for this user alone.
 * I3 Its time of modification is when its content was last known to be current.
 */
import { createHash } from "node:crypto";
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { EMPTY_STATE, type StoreState, stateFromSnapshot } from "@nano/control-store/store-state";
import type { RecordKind, StoreRecord } from "@nano/protocol/records";

const FORMAT = 1;
const OWNER_ONLY = 0o600;
/** Records that are written between two turns of the event loop: about a millisecond's work. */
const RECORDS_PER_TURN = 200;
/** What a router reads of the control store. */
const ROUTING_KINDS: ReadonlySet<RecordKind> = new Set(["app", "version", "route", "node"]);

/** Whether a change of this key can change what the file holds. */
export function isRoutingKey(key: string): boolean {
  return ROUTING_KINDS.has(key.slice(0, key.indexOf("/")) as RecordKind);
}

export interface RoutesFile {
  readonly path: string;
  readonly maxBytes: number;
}

export interface LoadedRoutes {
  readonly state: StoreState;
  /** By the wall clock. */
  readonly currentAtMs: number;
  /** Records that this build cannot read. */
  readonly skippedCount: number;
}

export type LoadResult =
  | ({ readonly type: "loaded" } & LoadedRoutes)
  | { readonly type: "absent" }
  | { readonly type: "unusable"; readonly why: string };

/** Reads the file, and believes it only whole. Never rejects. */
export async function loadRoutes({ path, maxBytes }: RoutesFile): Promise<LoadResult> {
  try {
    const { size, mtimeMs } = await stat(path);
    if (size > maxBytes) return { type: "unusable", why: `it has ${size} bytes, at most ${maxBytes}` };
    const content = await readFile(path);
    const lastLine = content.lastIndexOf("\n", content.length - 2) + 1;
    const { sha256 } = JSON.parse(content.toString("utf8", lastLine));
    const body = content.subarray(0, lastLine);
    if (createHash("sha256").update(body).digest("hex") !== sha256) {
      return { type: "unusable", why: "its checksum does not match" };
    }
    const [head, ...records] = body
      .toString("utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    if (head.format !== FORMAT) return { type: "unusable", why: `its format is ${head.format}, expected ${FORMAT}` };
    const step = stateFromSnapshot(EMPTY_STATE, { epoch: head.epoch, seq: head.seq, records });
    return { type: "loaded", state: step.state, currentAtMs: mtimeMs, skippedCount: step.skippedKeys.length };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { type: "absent" };
    return { type: "unusable", why: error instanceof Error ? error.message : String(error) };
  }
}

/** Replaces the file. @returns its bytes; null: it would be larger than `maxBytes`, and the old one stays. @throws of the file system */
export async function saveRoutes(state: StoreState, { path, maxBytes }: RoutesFile): Promise<number | null> {
  const records = [...state.records.values()].filter(({ kind }) => ROUTING_KINDS.has(kind));
  const draft = `${path}.${process.pid}.tmp`;
  // A draft that a killed process left behind may be another's: its rights are not ours to keep.
  await rm(draft, { force: true });
  const file = await open(draft, "wx", OWNER_ONLY);
  const hash = createHash("sha256");
  let bytes = 0;
  const write = async (text: string): Promise<void> => {
    hash.update(text);
    bytes += Buffer.byteLength(text);
    await file.write(text);
  };
  try {
    const { epoch, seq } = state;
    await write(line({ format: FORMAT, epoch, seq, recordCount: records.length }));
    for (let at = 0; at < records.length && bytes <= maxBytes; at += RECORDS_PER_TURN) {
      await write(
        records
          .slice(at, at + RECORDS_PER_TURN)
          .map(line)
          .join(""),
      );
      await nextTurn();
    }
    await write(line({ sha256: hash.copy().digest("hex") }));
    await file.sync();
  } catch (error) {
    bytes = Number.POSITIVE_INFINITY;
    throw error;
  } finally {
    await file.close();
    if (bytes > maxBytes) await rm(draft, { force: true });
  }
  if (bytes > maxBytes) return null;
  await rename(draft, path);
  return bytes;
}

/** Notes that what the file holds is current now. */
export async function confirmRoutes({ path }: RoutesFile): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

function line(value: StoreRecord | object): string {
  return `${JSON.stringify(value)}\n`;
}
