import { expect, test } from "vitest";
import { dialLink } from "../src/dial-link.ts";
import { linkErrors } from "../src/errors.ts";
import type { Link } from "../src/link.ts";
import type { LinkOutcome } from "../src/link-outcome.ts";
import { pickRetryDelayMs, runRedial } from "../src/redial.ts";
import { CREDENTIAL, startAcceptor } from "./linked-pair.ts";

const lost: LinkOutcome = { type: "peer-closed", error: linkErrors.PEER_CLOSED({}).wire };

test("delays double from the smallest to the largest, with jitter of the upper half", () => {
  const backoff = { minDelayMs: 100, maxDelayMs: 1000 };
  const delays = [0, 1, 2, 3, 4, 99].map((failureCount) =>
    pickRetryDelayMs(lost, { failureCount, random: 1, backoff }),
  );
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
  expect(pickRetryDelayMs(lost, { failureCount: 0, random: 0, backoff })).toBe(50);
});

test("a refused link waits longer than a lost one", () => {
  const refused: LinkOutcome = { type: "refused", error: linkErrors.CREDENTIAL_REFUSED({}).wire };
  const options = { failureCount: 0, random: 1, backoff: { minDelayMs: 10, maxDelayMs: 1000 } };
  expect(pickRetryDelayMs(refused, options)).toBeGreaterThan(pickRetryDelayMs(lost, options));
});

test("a link that ends is dialled again, until the signal ends it all", async () => {
  const acceptor = await startAcceptor();
  const links: Link[] = [];
  let wake = (): void => {};
  const abort = new AbortController();
  const backoff = { minDelayMs: 1, maxDelayMs: 5 };
  const run = runRedial(
    {
      dial: (callbacks) =>
        dialLink({ address: acceptor.address, credential: CREDENTIAL, peer: "redialler", ...callbacks }),
      onLink: (link) => {
        links.push(link);
        wake();
      },
      backoff,
    },
    abort.signal,
  );
  for (let count = 1; count <= 3; count += 1) {
    while (links.length < count) await new Promise<void>((resolve) => (wake = resolve));
    if (count < 3) acceptor.sockets[count - 1]?.destroy();
  }
  expect(links.map((link) => link.isClosed).slice(0, 2)).toEqual([true, true]);
  expect(links[2]?.isOpen).toBe(true);
  abort.abort();
  await run;
  expect(links[2]?.isOpen).toBe(false);
});

test("attempts that fail are told with their outcome, and aborting ends the wait", async () => {
  const abort = new AbortController();
  const outcomes: (LinkOutcome | null)[] = [];
  await runRedial(
    {
      dial: (callbacks) => dialLink({ address: "/nowhere/s.sock", credential: "x", peer: "redialler", ...callbacks }),
      onLink: () => expect.unreachable(),
      onUnavailable: (outcome) => {
        outcomes.push(outcome);
        if (outcomes.length === 3) abort.abort();
      },
      backoff: { minDelayMs: 1, maxDelayMs: 2 },
    },
    abort.signal,
  );
  expect(outcomes).toMatchObject(Array.from({ length: 3 }, () => ({ type: "failed" })));
});
