import { expect, test } from "vitest";
import { DEFAULT_LINK_LIMITS } from "../src/limits.ts";
import type { LinkOutcome } from "../src/link-outcome.ts";
import { openTestLink, openTestStream, startAcceptor } from "./linked-pair.ts";
import { startStallingProxy } from "./stalling-proxy.ts";

const LIMITS = { pingIntervalMs: 50, silentIntervalCount: 4, patientIntervalCount: 10_000 };

test("a partition is noticed on both sides though no socket was closed, and open streams hear of it", async () => {
  const acceptor = await startAcceptor({ limits: LIMITS, isPrompt: true });
  const proxy = await startStallingProxy(acceptor.address);
  const ended = Promise.withResolvers<LinkOutcome>();
  const link = await openTestLink(proxy.address, { limits: LIMITS, isPrompt: true, onClose: ended.resolve });
  const { heard } = openTestStream(link, "open", true);
  await acceptor.nextStream();
  proxy.stall();
  const outcomes = await Promise.all([ended.promise, acceptor.nextOutcome()]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ type: "timed-out", error: { code: "LINK_PEER_SILENT" } });
  }
  expect(heard.resets).toHaveLength(1);
});

test("by default a partition is noticed within seconds, and a turn of the event loop has some of them", () => {
  const { pingIntervalMs, silentIntervalCount } = DEFAULT_LINK_LIMITS;
  expect(pingIntervalMs * silentIntervalCount).toBeLessThan(10_000);
  expect(pingIntervalMs * silentIntervalCount).toBeGreaterThan(4_000);
});
