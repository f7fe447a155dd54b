/**
 * The time of the running entry: one cell, since most entries never ask. `clock.ts` fills it when somebody does, and `enter` empties it.
 */
export const entryTime: { ms: number | undefined } = { ms: undefined };
