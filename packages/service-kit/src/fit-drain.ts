/** How long a service that was told to end may wait for what. */
export interface DrainPlan {
  /** From the first announcement to the end of accepting. */
  readonly noticeMs: number;
  /** For requests in flight after that. */
  readonly graceMs: number;
}

/** Notice and grace as they fit into what the process has, `leaveMs` kept for leaving: the grace gives way first. */
export function fitDrain(
  plan: DrainPlan,
  options: { readonly shutdownGraceMs: number; readonly leaveMs: number },
): DrainPlan {
  const availableMs = Math.max(0, options.shutdownGraceMs - options.leaveMs);
  const noticeMs = Math.min(plan.noticeMs, availableMs);
  return { noticeMs, graceMs: Math.min(plan.graceMs, availableMs - noticeMs) };
}
