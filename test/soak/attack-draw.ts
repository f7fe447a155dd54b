/** Which attack arrives next, and when: at random, and the same for the same seed. */
import type { NamedAttack } from "../attacks/harness/corpus.ts";

const MEAN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5_000;
/** What holds for minutes, of one that does not. */
const LONG_WEIGHT = 0.1;

export interface Arrival {
  readonly attack: NamedAttack;
  /** From the arrival before it. */
  readonly pauseMs: number;
}

/** @param attacks at least one @param seed a whole number */
export function drawAttacks(attacks: readonly NamedAttack[], seed: number): () => Arrival {
  const random = createRandom(seed);
  const weightOf = ({ isLong = false }: NamedAttack): number => (isLong ? LONG_WEIGHT : 1);
  const wholeWeight = attacks.reduce((sum, attack) => sum + weightOf(attack), 0);

  const pick = (): NamedAttack => {
    let left = random() * wholeWeight;
    for (const attack of attacks) {
      left -= weightOf(attack);
      if (left < 0) return attack;
    }
    const last = attacks.at(-1);
    if (last === undefined) throw new RangeError("There is no attack to draw");
    return last;
  };
  return () => ({
    attack: pick(),
    // As arrivals that know nothing of each other are.
    pauseMs: Math.min(MAX_PAUSE_MS, -Math.log(1 - random()) * MEAN_PAUSE_MS),
  });
}

/** Numbers from 0 to below 1, by the generator mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
