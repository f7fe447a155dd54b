/** Makes this process pay at its start for what is slow the first time, so that no request does. */
import ivm from "isolated-vm";

/** `Intl` costs tens of milliseconds at its first use in a process, the first isolate and its timeout thread a few. */
export function warmEngine(): void {
  const isolate = new ivm.Isolate({ memoryLimit: 8 });
  const context = isolate.createContextSync();
  context.evalSync(
    "new Intl.DateTimeFormat().format(0); new Intl.NumberFormat().format(1.5); 'a'.localeCompare('b'); undefined",
    {
      timeout: 1_000,
    },
  );
  context.release();
  isolate.dispose();
  URL.parse("http://warm-up.invalid/");
}
