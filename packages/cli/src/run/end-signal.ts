/** The signals that end nanoctl. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A terminal, npm and set-up each pass on one Ctrl-C: what comes together is one. */
const SAME_INTERRUPT_MS = 500;

export interface EndSignal {
  /** The first signal, or null. */
  readonly signal: (typeof SIGNALS)[number] | null;
  /** Resolves at the first signal. */
  readonly reached: Promise<void>;
  /** Called at each interrupt after the first: who sends it does not want to wait. */
  onImpatience(listener: () => void): void;
  dispose(): void;
}

export function listenForEnd(): EndSignal {
  let first: (typeof SIGNALS)[number] | null = null;
  let firstAtMs = 0;
  let impatience = (): void => {};
  const { promise, resolve } = Promise.withResolvers<void>();
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      if (first === null) {
        first = signal;
        firstAtMs = performance.now();
        resolve();
      } else if (performance.now() - firstAtMs > SAME_INTERRUPT_MS) {
        impatience();
      }
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return {
    get signal() {
      return first;
    },
    reached: promise,
    onImpatience(listener) {
      impatience = listener;
    },
    dispose() {
      for (const dispose of listeners) dispose();
    },
  };
}
