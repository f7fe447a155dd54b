/** The states of the ISO-2022-JP decoder, as far as they tell where its bytes can be cut and how what follows is to begin. */
import { Uint8ArrayCtor } from "../primordials.ts";

const ASCII = 0;
const ROMAN = 1;
const KATAKANA = 2;
const LEAD = 3;
const TRAIL = 4;
const ESCAPE_START = 5;
const ESCAPE = 6;
const ESC = 0x1b;

/** Where a decoder stands between two sequences. */
export interface Iso2022JpState {
  /** The character set that the last escape sequence chose. */
  set: number;
  /** Whether that escape sequence was the last thing to come: another one at once is an error. */
  hasJustSwitched: boolean;
}

export function createIso2022JpState(): Iso2022JpState {
  return { set: ASCII, hasJustSwitched: false };
}

/** The bytes that bring a new decoder into a state, and how many UTF-16 units of text they give. Null: it is in it. */
export function iso2022JpPrefix(
  state: Iso2022JpState,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly unitCount: number } | null {
  const { set, hasJustSwitched } = state;
  if (set === ASCII && !hasJustSwitched) return null;
  const final = set === ASCII ? 0x42 : set === ROMAN ? 0x4a : 0x49;
  // Of the first character of its set, where the escape was not the last thing to come.
  const bytes = new Uint8ArrayCtor(hasJustSwitched ? 3 : set === LEAD ? 5 : 4);
  bytes[0] = ESC;
  bytes[1] = set === LEAD ? 0x24 : 0x28;
  bytes[2] = set === LEAD ? 0x42 : final;
  for (let i = 3; i < bytes.length; i++) bytes[i] = 0x21;
  return { bytes, unitCount: hasJustSwitched ? 0 : 1 };
}

/** Moves a state over bytes, and answers where the last sequence that is whole ends: there it stands then. */
export function scanIso2022Jp(state: Iso2022JpState, bytes: Uint8Array, start: number, end: number): number {
  let { set, hasJustSwitched } = state;
  let at: number = set;
  let intermediate = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (at === ESCAPE_START) {
      if (byte === 0x24 || byte === 0x28) {
        intermediate = byte;
        at = ESCAPE;
        continue;
      }
      at = set;
      hasJustSwitched = false;
    } else if (at === ESCAPE) {
      const chosen = setOf(intermediate, byte);
      if (chosen !== undefined) {
        at = set = chosen;
        hasJustSwitched = true;
        continue;
      }
      // The intermediate is read anew, in the set that was there: of two bytes each, it is a lead byte.
      at = set === LEAD ? TRAIL : set;
      hasJustSwitched = false;
    }
    if (byte === ESC) {
      at = ESCAPE_START;
      continue;
    }
    hasJustSwitched = false;
    if (at === LEAD) at = isLead(byte) ? TRAIL : LEAD;
    else if (at === TRAIL) at = LEAD;
  }
  state.set = set;
  state.hasJustSwitched = hasJustSwitched;
  if (at === ESCAPE) return end - 2;
  return at === TRAIL || at === ESCAPE_START ? end - 1 : end;
}

function setOf(intermediate: number, final: number): number | undefined {
  if (intermediate === 0x24) return final === 0x40 || final === 0x42 ? LEAD : undefined;
  if (final === 0x42) return ASCII;
  if (final === 0x4a) return ROMAN;
  return final === 0x49 ? KATAKANA : undefined;
}

function isLead(byte: number): boolean {
  return byte >= 0x21 && byte <= 0x7e;
}
