/** Contenders in turns, so that a machine that is slower for a while is slower for all of them. */

/** Runs each once in a round, in turned order every other round. Answers what each gave, round by round. */
export async function inTurns<K extends string, T>(
  rounds: number,
  contenders: Readonly<Record<K, () => Promise<T>>>,
): Promise<Record<K, T[]>> {
  const names = Object.keys(contenders) as K[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) results[name].push(await contenders[name]());
  }
  return results;
}
