/** Two executors under one node name: each says so, and what to do, until one of them is gone. */
import { hostname } from "node:os";
import { join } from "node:path";
import { engineFingerprint } from "@nano/isolate/engine";
import type { NodeId } from "@nano/protocol/brands";
import type { NodeRecord, StoreRecord } from "@nano/protocol/records";
import { createLogger } from "@nano/service-kit/logger";
import { eventually } from "@nano/test-kit/eventually";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { NodeNameWatch } from "../src/control/node-name-watch.ts";
import { openSupervisor, openSurroundings, startExecutor } from "./executor-fixture.ts";

const LEASE_MS = 6_000;
const NODE = "n1" as NodeId;
const OWN = recordOf("own", "10.0.0.1:7000");
const RIVAL = recordOf("rival", "10.0.0.2:7000");

function recordOf(credential: string, address: string): NodeRecord {
  const supervisor = { address, credential };
  return { kind: "node", id: NODE, engine: engineFingerprint(), supervisor, workers: [], draining: false };
}

describe("of one executor", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
  });

  /** A watch, what it logs, and the two ways in which the store's state reaches it. */
  function openWatch() {
    const lines: Record<string, unknown>[] = [];
    const sink = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const watch = new NodeNameWatch({
      nodeId: NODE,
      credential: "own",
      leaseMs: LEASE_MS,
      logger: createLogger({ service: "executor", sink }),
      address: () => OWN.supervisor.address,
    });
    onTestFinished(() => watch.close());
    let epoch = "e1";
    const records = new Map<string, StoreRecord>();
    const key = `node/${NODE}`;
    return {
      watch,
      errors: () => lines.filter(({ level }) => level === "error"),
      infos: () => lines.filter(({ level }) => level === "info"),
      /** The node's record changes. */
      write(record: NodeRecord | null): void {
        if (record === null) records.delete(key);
        else records.set(key, record);
        watch.update({ epoch, records }, [{ key, record }]);
      },
      /** A first snapshot, or one of a store that failed over or was restored. */
      reload(newEpoch: string, record: NodeRecord | null): void {
        epoch = newEpoch;
        records.clear();
        if (record !== null) records.set(key, record);
        watch.update({ epoch, records }, [{ key, record }]);
      },
    };
  }

  test("what an earlier process of the node left, and others' records, are no rivals", () => {
    const { watch, reload, write, errors } = openWatch();
    reload("e1", RIVAL);
    write({ ...RIVAL, draining: true });
    write(OWN);
    write({ ...OWN, draining: true });
    write(null);
    write(OWN);
    watch.update({ epoch: "e1", records: new Map() }, [
      { key: "node/n2", record: { ...RIVAL, id: "n2" as NodeId } },
      { key: `node/${NODE}`, record: null },
    ]);
    expect([watch.rivalAddress, errors()]).toEqual([null, []]);
  });

  test("a record of another after our own is told once, with both addresses and what to do, and no credential", () => {
    const { watch, reload, write, errors } = openWatch();
    reload("e1", null);
    for (const record of [OWN, RIVAL, OWN, RIVAL]) write(record);
    expect(watch.rivalAddress).toBe(RIVAL.supervisor.address);
    expect(errors()).toHaveLength(1);
    const [{ err } = {}] = errors();
    expect(err).toMatchObject({ code: "EXEC_NODE_ID_TAKEN", message: expect.stringContaining("EXECUTOR_NODE_ID") });
    for (const part of [NODE, OWN.supervisor.address, RIVAL.supervisor.address]) {
      expect(err).toMatchObject({ message: expect.stringContaining(part) });
    }
    expect(JSON.stringify(errors())).not.toContain(`"${RIVAL.supervisor.credential}"`);
  });

  test("who has not written for a lease is gone, and is told again when it is back", () => {
    const { watch, reload, write, errors, infos } = openWatch();
    reload("e1", null);
    for (const record of [OWN, RIVAL]) write(record);
    vi.advanceTimersByTime(LEASE_MS - 1);
    write(OWN);
    write(RIVAL);
    vi.advanceTimersByTime(LEASE_MS - 1);
    expect([watch.rivalAddress, infos()]).toEqual([RIVAL.supervisor.address, []]);
    write(OWN);
    vi.advanceTimersByTime(1);
    expect([watch.rivalAddress, infos().length, errors().length]).toEqual([null, 1, 1]);
    write(RIVAL);
    expect([watch.rivalAddress, errors().length]).toEqual([RIVAL.supervisor.address, 2]);
  });

  test("a record that a restored store brings back is no rival; one that is written there over our own is", () => {
    const { watch, reload, write } = openWatch();
    reload("e1", null);
    write(OWN);
    reload("e2", RIVAL);
    write({ ...RIVAL, draining: true });
    expect(watch.rivalAddress).toBeNull();
    write(OWN);
    reload("e3", OWN);
    expect(watch.rivalAddress).toBeNull();
    write(RIVAL);
    expect(watch.rivalAddress).toBe(RIVAL.supervisor.address);
  });
});

test("of two executors of one name neither is ready, and each says where the other is; the one that stays is ready again", async () => {
  const around = await openSurroundings();
  const server = await around.serve();
  onTestFinished(() => server.close());
  const settings = { workers: { count: 1 }, node: { leaseMs: 1_000 } };
  const { supervisor, text } = await openSupervisor(around, settings);
  await eventually(() => supervisor.readiness.isReady);
  const at = (name: string) => ({ directory: join(around.root, name) });
  const places = { cache: at("cache-2"), run: at("run-2"), recorder: at("run-2") };
  const other = await startExecutor(around, { ...settings, ...places });
  const ownSocket = join(around.root, "run", "supervisor.sock");
  const otherSocket = join(around.root, "run-2", "supervisor.sock");
  await eventually(async () => {
    const { readiness } = supervisor;
    const isTold = !readiness.isReady && readiness.reason.includes(`at ${otherSocket},`);
    return isTold && (await text()).includes("executor_node_rivals_count 1");
  });
  await eventually(async () => {
    const answer = await other.admin("/readyz");
    return answer.status === 503 && answer.text.includes(`at ${ownSocket},`);
  });
  const told = `Two executors run as node ${hostname()}, this one at ${otherSocket} and another at ${ownSocket}`;
  await eventually(() => other.output.join("").includes(told));
  other.child.kill("SIGKILL");
  await eventually(() => supervisor.readiness.isReady);
  expect(await text()).toContain("executor_node_rivals_count 0");
});
