import { expect, onTestFinished, test, vi } from "vitest";
import { DeployProgress } from "../src/cluster/deploy-progress.ts";
import { Terminal } from "../src/output/terminal.ts";

test("what does not come soon is told once, and what comes is not", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let text = "";
  const write = (more: string): boolean => {
    text += more;
    return true;
  };
  const stream = { write, once: () => {} };
  const progress = new DeployProgress(new Terminal({ stream, env: {} }));
  progress.warnLater("late");
  progress.warnLater("soon")();
  vi.advanceTimersByTime(60_000);
  expect(text).toBe("late\n");
});
