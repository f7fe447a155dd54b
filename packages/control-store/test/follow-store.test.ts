import type { FeedEvent, FeedPosition, StoreChange, StoreSnapshot } from "@nano/protocol/records";
import { expect, onTestFinished, test } from "vitest";
import type { ControlStore } from "../src/control-store.ts";
import { errors } from "../src/errors.ts";
import { followStore, type StoreState } from "../src/follow-store.ts";
import { appRecord, putApp } from "./records.ts";

/** A store that says what a test tells it to: one script of events per reload. */
function scriptedStore(
  script: readonly { snapshot: StoreSnapshot | Error; events?: readonly (FeedEvent | Error)[] }[],
) {
  let turn = -1;
  const store: Pick<ControlStore, "loadSnapshot" | "watchFeed"> = {
    async loadSnapshot() {
      turn += 1;
      const snapshot = script[turn]?.snapshot;
      if (snapshot === undefined || snapshot instanceof Error) throw snapshot ?? errors.LOST({ what: "x", why: "end" });
      return snapshot;
    },
    async *watchFeed(_after: FeedPosition, signal: AbortSignal) {
      for (const event of script[turn]?.events ?? []) {
        if (event instanceof Error) throw event;
        yield event;
      }
      if (turn < script.length - 1) throw errors.LOST({ what: "x", why: "next turn" });
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  return store as ControlStore;
}

interface Seen {
  readonly states: StoreState[];
  readonly changes: (readonly StoreChange[])[];
  readonly skipped: string[];
  readonly staleCodes: string[];
}

/** Follows until the state at `last` has come. */
async function follow(store: ControlStore, last: FeedPosition): Promise<Seen> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const seen: Seen = { states: [], changes: [], skipped: [], staleCodes: [] };
  await followStore(
    store,
    {
      backoff: { firstMs: 1, maxMs: 2 },
      onState(state, changes) {
        seen.states.push(state);
        seen.changes.push(changes);
        if (state.epoch === last.epoch && state.seq === last.seq) stop.abort();
      },
      onStale: (error) => void seen.staleCodes.push(error.code),
      onSkipped: (keys) => void seen.skipped.push(...keys),
    },
    stop.signal,
  );
  return seen;
}

const at = (seq: number, epoch = "e1") => ({ epoch, seq });
const lost = errors.LOST({ what: "x", why: "y" });
const bad = { kind: "app", name: "NOT A NAME", activeVersion: null } as never;

test("each event makes a new state and leaves the old one as it was", async () => {
  const store = scriptedStore([
    {
      snapshot: { ...at(1), records: [appRecord("a")] },
      events: [
        { ...at(2), changes: [putApp("b")] },
        { ...at(3), changes: [{ key: "app/a", record: null }] },
      ],
    },
  ]);
  const { states } = await follow(store, at(3));
  expect(states.map((state) => [...state.records.keys()])).toEqual([["app/a"], ["app/a", "app/b"], ["app/b"]]);
});

test("a gap in the numbers, a lower number and a new epoch lead to a reload, told as changes", async () => {
  const store = scriptedStore([
    { snapshot: { ...at(5), records: [appRecord("a")] }, events: [{ ...at(7), changes: [putApp("lost")] }] },
    { snapshot: { ...at(7), records: [appRecord("a"), appRecord("b")] }, events: [{ ...at(3), changes: [] }] },
    { snapshot: { ...at(8), records: [appRecord("b")] }, events: [{ ...at(9, "e2"), changes: [] }] },
    { snapshot: { ...at(1, "e2"), records: [appRecord("b"), appRecord("c")] } },
  ]);
  const { changes, staleCodes } = await follow(store, at(1, "e2"));
  expect(changes).toEqual([[putApp("a")], [putApp("b")], [{ key: "app/a", record: null }], [putApp("c")]]);
  expect(staleCodes).toEqual([]);
});

test("a store that is away is told once, and the way back is a reload", async () => {
  const store = scriptedStore([
    { snapshot: { ...at(1), records: [appRecord("a")] }, events: [lost] },
    { snapshot: lost },
    { snapshot: lost },
    { snapshot: { ...at(2), records: [appRecord("a"), appRecord("b")] } },
  ]);
  const { states, changes, staleCodes } = await follow(store, at(2));
  expect(staleCodes).toEqual(["STORE_LOST"]);
  expect(changes).toEqual([[putApp("a")], [putApp("b")]]);
  expect(states[1]?.records.get("app/a"), "what did not change keeps its identity").toBe(
    states[0]?.records.get("app/a"),
  );
});

test("a record that does not parse is skipped and counted; its last good one serves on", async () => {
  const store = scriptedStore([
    {
      snapshot: { ...at(1), records: [appRecord("a", 1), bad] },
      events: [
        {
          ...at(2),
          changes: [{ key: "app/a", record: { ...appRecord("a"), activeVersion: 7 } as never }, putApp("b")],
        },
        { ...at(3), changes: [{ key: "app/other", record: appRecord("c") }] },
      ],
    },
  ]);
  const { states, skipped } = await follow(store, at(3));
  expect(skipped).toEqual(["app/NOT A NAME", "app/a", "app/other"]);
  expect(new Map(states.at(-1)?.records)).toEqual(
    new Map([
      ["app/a", appRecord("a", 1)],
      ["app/b", appRecord("b")],
    ]),
  );
});

test("an observer that throws ends the following", async () => {
  const store = scriptedStore([{ snapshot: { ...at(1), records: [] } }]);
  const observer = {
    onState: () => {
      throw lost;
    },
  };
  await expect(followStore(store, observer, new AbortController().signal)).rejects.toMatchObject({ cause: lost });
});
