import type { VersionId } from "@nano/protocol/brands";
import type { AppRecord, Rollout, StoreRecord } from "@nano/protocol/records";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { isInShare, resolveShare } from "../src/request/rollout-share.ts";
import { appRecords } from "./fake-store.ts";
import type { FakeRequest } from "./fake-worker.ts";
import { startTestRouter, type TestRouter } from "./router-harness.ts";

const V1 = "v00000000000000a1" as VersionId;
const V2 = "v00000000000000a2" as VersionId;

function rollout(changes: Partial<Rollout> = {}): Rollout {
  return {
    version: V2,
    percent: 10,
    stickyBy: { type: "client" },
    haltAt: { errorRate: 0.1, requestCount: 10 },
    startedAt: "2026-11-22T00:00:00.000Z",
    ...changes,
  };
}

/** An app with both versions, the first of which is active. */
function twoVersions(changes: Partial<AppRecord> = {}): StoreRecord[] {
  const [app, version, ...routes] = appRecords("hello", ["app.example"]);
  return [
    { ...app, activeVersion: V1, ...changes } as AppRecord,
    { ...version, id: V1 } as StoreRecord,
    { ...version, id: V2 } as StoreRecord,
    ...routes,
  ];
}

async function settled(t: TestRouter): Promise<void> {
  await eventually(() => t.router.feedPosition()?.seq === t.store.seq);
}

/** A router that believes us about who clients are, with a worker that says which version it was asked for. */
async function startRollout(changes: Partial<AppRecord>) {
  const t = await startTestRouter(twoVersions(changes), { listen: { trustedProxies: ["127.0.0.1"] } });
  const worker = await t.node.startWorker((request) => request.respond(request.head.versionId));
  await t.useWorkers(worker);
  const versionFor = async (address: string, headers: Record<string, string> = {}) =>
    (await t.fetch("/", { headers: { "x-forwarded-for": address, ...headers } })).text;
  return { ...t, worker, versionFor };
}

const addresses = Array.from({ length: 10_000 }, (_, index) => `10.${index >> 8}.${index & 255}.7`);

test("so many of a hundred clients are in a share, and stay in it while it grows", () => {
  let before = new Set<string>();
  for (const percent of [0, 0.5, 1, 10, 50, 99.99, 100]) {
    const share = resolveShare(rollout({ percent }));
    const chosen = new Set(addresses.filter((address) => isInShare(share, address, [])));
    const expected = addresses.length * (percent / 100);
    expect(Math.abs(chosen.size - expected)).toBeLessThanOrEqual(4 * Math.sqrt(expected * (1 - percent / 100)) + 1);
    for (const address of before) expect(chosen).toContain(address);
    before = chosen;
  }
  expect(before.size).toBe(addresses.length);
});

test("rollouts of different versions choose different clients", () => {
  const shares = [V1, V2].map((version) => resolveShare(rollout({ version, percent: 20 })));
  const inBoth = addresses.filter((address) => shares.every((share) => isInShare(share, address, [])));
  expect(Math.abs(inBoth.length - addresses.length * 0.04)).toBeLessThan(100);
});

test("a cookie tells clients apart, whatever stands around it; without one their address does", () => {
  const share = resolveShare(rollout({ percent: 50, stickyBy: { type: "cookie", name: "sid" } }));
  const byCookie = (cookie: string): boolean => isInShare(share, "10.0.0.1", ["accept", "*/*", "cookie", cookie]);
  const outcomes = Array.from({ length: 40 }, (_, index) => {
    const plain = byCookie(`sid=${index}`);
    expect(byCookie(`a=b; xsid=5; sid=${index}; c`)).toBe(plain);
    expect(byCookie(`sid=;sid=${index}`)).toBe(plain);
    return plain;
  });
  expect(new Set(outcomes)).toEqual(new Set([true, false]));
  const byAddress = resolveShare(rollout({ percent: 50 }));
  for (const address of addresses.slice(0, 40)) {
    expect(isInShare(share, address, ["cookie", "other=1"])).toBe(isInShare(byAddress, address, []));
  }
});

test("a client gets the same version each time, and the share of clients is as asked", async () => {
  const t = await startRollout({ rollout: rollout({ percent: 30 }) });
  const clients = addresses.slice(0, 200);
  const first = await Promise.all(clients.map((address) => t.versionFor(address)));
  expect(await Promise.all(clients.map((address) => t.versionFor(address)))).toEqual(first);
  const newCount = first.filter((version) => version === V2).length;
  expect(newCount).toBeGreaterThan(35);
  expect(newCount).toBeLessThan(85);
  expect(first.filter((version) => version === V1)).toHaveLength(200 - newCount);

  t.store.put(...twoVersions({ rollout: rollout({ percent: 60 }) }).slice(0, 1));
  await settled(t);
  const grown = await Promise.all(clients.map((address) => t.versionFor(address)));
  for (const [index, version] of first.entries()) if (version === V2) expect(grown[index]).toBe(V2);

  const halted = { at: "2026-11-22T00:00:01.000Z", requestCount: 10, errorCount: 5 };
  t.store.put(...twoVersions({ rollout: rollout({ percent: 60, halted }) }).slice(0, 1));
  await settled(t);
  expect(new Set(await Promise.all(clients.map((address) => t.versionFor(address))))).toEqual(new Set([V1]));
});

test("a request that is tried again stays with its version", async () => {
  const t = await startRollout({ rollout: rollout({ percent: 50 }) });
  const second = await t.node.startWorker((request) => request.respond(request.head.versionId));
  await t.useWorkers(t.worker, second);
  const refusedOnce = new Set<string>();
  const answer = (request: FakeRequest): void => {
    if (refusedOnce.has(request.head.requestId)) request.respond(request.head.versionId);
    else {
      refusedOnce.add(request.head.requestId);
      request.refuse();
    }
  };
  t.worker.handler = answer;
  second.handler = answer;
  for (const address of addresses.slice(0, 20)) expect([V1, V2]).toContain(await t.versionFor(address));
  const versionsById = new Map<string, Set<string>>();
  for (const { head } of [...t.worker.requests, ...second.requests]) {
    const versions = versionsById.get(head.requestId) ?? new Set();
    versionsById.set(head.requestId, versions.add(head.versionId));
  }
  expect(versionsById.size).toBe(20);
  for (const versions of versionsById.values()) expect(versions.size).toBe(1);
});

test("a rollout whose version is not known leaves all clients with the active one", async () => {
  const t = await startRollout({ rollout: rollout({ version: "v00000000000000ff" as VersionId, percent: 100 }) });
  expect(await t.versionFor("10.0.0.1")).toBe(V1);
});
