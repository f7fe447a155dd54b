/**
 * Guest code that spends CPU for about as long as a test wants it to. It counts turns, since an app sees no clock go on while it runs; how many of them
 * are a millisecond is measured here, on the machine that the test runs on.
 */
const TURN = "x = (Math.imul(x, 31) + i) | 0";
/** Long enough for the loop to be compiled, and for a few ticks of the thread's clock. */
const CALIBRATION_MS = 40;
const TURNS_AT_A_TIME = 1_000_000;

/** A declaration of `burn(ms)`. */
export function burnSource(): string {
  return `const burn = (ms) => { let x = 1; for (let i = Math.ceil(ms * ${turnsPerMs()}); i > 0; i--) ${TURN}; return x; };`;
}

function turnsPerMs(): number {
  const run = new Function("turns", `let x = 1; for (let i = turns; i > 0; i--) ${TURN}; return x;`);
  run(TURNS_AT_A_TIME);
  const start = process.threadCpuUsage();
  let turns = 0;
  for (;;) {
    run(TURNS_AT_A_TIME);
    turns += TURNS_AT_A_TIME;
    const { user, system } = process.threadCpuUsage(start);
    const spentMs = (user + system) / 1_000;
    if (spentMs >= CALIBRATION_MS) return Math.ceil(turns / spentMs);
  }
}
