/**
 * Which clients get the version of a rollout.
 *
 * I1 A client stays with what it got while the share stays, and keeps the new version while the share grows.
 * I2 Another version chooses other clients: nobody is always first.
 */
import { hashText, mix } from "@nano/protocol/placement";
import type { Rollout } from "@nano/protocol/records";

/** Shares are told in hundredths of a percent. */
const BUCKET_COUNT = 10_000;

export interface RolloutShare {
  /** Differs by version. */
  readonly salt: number;
  /** Of `BUCKET_COUNT`, those that get it. */
  readonly bucketCount: number;
  /** Whose value tells clients apart; null: their address does. */
  readonly cookieName: string | null;
}

export function resolveShare({ version, percent, stickyBy }: Rollout): RolloutShare {
  return {
    salt: hashText(version),
    bucketCount: Math.round((percent * BUCKET_COUNT) / 100),
    cookieName: stickyBy.type === "cookie" ? stickyBy.name : null,
  };
}

/** @param headers name, value, name, value …, names in lower case */
export function isInShare(share: RolloutShare, address: string, headers: readonly string[]): boolean {
  const { cookieName } = share;
  const known = (cookieName === null ? null : cookieValue(headers, cookieName)) ?? address;
  return mix(hashText(known, share.salt)) % BUCKET_COUNT < share.bucketCount;
}

/** The first of that name; null: none, or an empty one. */
function cookieValue(headers: readonly string[], name: string): string | null {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index] !== "cookie") continue;
    const header = headers[index + 1] as string;
    for (let start = 0; start < header.length; ) {
      const semicolon = header.indexOf(";", start);
      const end = semicolon === -1 ? header.length : semicolon;
      const equals = header.indexOf("=", start);
      if (equals !== -1 && equals < end && header.slice(start, equals).trim() === name) {
        const value = header.slice(equals + 1, end).trim();
        if (value !== "") return value;
      }
      start = end + 1;
    }
  }
  return null;
}
