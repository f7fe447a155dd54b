/** How a deploy ended, as it is printed. */
import type { SecretsOutcome } from "../run/deployer.ts";
import type { DeploymentOutcome } from "../run/deployment.ts";
import { describeError, describeWire } from "./describe-error.ts";
import type { Terminal } from "./terminal.ts";

/** No line where there is nothing new to say. */
export function formatOutcome(app: string, outcome: DeploymentOutcome, terminal: Terminal): string[] {
  if (outcome.kind !== "serving") {
    const rest = outcome.kind === "stale" ? "the version before serves on" : "nothing serves";
    return [`${terminal.paint("red", "✗")} ${app}: not deployed, ${rest}`, describeWire(outcome.error)];
  }
  const mark = terminal.paint("green", "✓");
  if (outcome.isChanged) {
    return [
      `${mark} ${app}: ${outcome.isFirst ? "deployed" : "reloaded"} in ${(outcome.elapsedMs / 1000).toFixed(2)} s`,
    ];
  }
  return outcome.isMended ? [`${mark} ${app}: unchanged, it is again what serves`] : [];
}

/** What became of a changed secret: names, never values. */
export function formatSecrets(app: string, outcome: SecretsOutcome, terminal: Terminal): string[] {
  if ("names" in outcome)
    return [`${terminal.paint("green", "✓")} ${app}: secrets reloaded: ${outcome.names.join(", ") || "none"}`];
  const head = `${terminal.paint("red", "✗")} ${app}: secrets not reloaded, it keeps those it has`;
  return [
    head,
    ...describeError(outcome.error, terminal)
      .split("\n")
      .map((line) => `    ${line}`),
  ];
}
