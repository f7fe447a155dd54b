/** Versions in quarantine: requests for them go to a worker of their own, which a supervisor names, and to no other. */
import type { NodeId, VersionId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import type { AppRecord, NodeRecord } from "@nano/protocol/records";
import { eventually } from "@nano/test-kit/eventually";
import { expect, test } from "vitest";
import { appRecords, nodeRecord } from "./fake-store.ts";
import { type FakeRequest, startFakeNode } from "./fake-worker.ts";
import { startTestRouter } from "./router-harness.ts";

const HELD_BACK: WireError = {
  code: "EXEC_QUARANTINED",
  message: "Version ended the worker that it has for itself",
  fault: "tenant",
  retryable: false,
  httpStatus: 503,
  reason: "quarantined",
  details: { waitMs: 4_200 },
};

async function start() {
  const records = appRecords("killer", ["app.example"]);
  const versionId = (records[0] as AppRecord).activeVersion as VersionId;
  const t = await startTestRouter(records, { websocket: { questionPauseMs: 20 } });
  const shared = await t.node.startWorker();
  const own = await t.node.startWorker();
  await t.useWorkers(shared);
  t.node.supervisor.ownWorkerOf = () => own;
  const name = (changes: Partial<NodeRecord> = {}): void => {
    const quarantined = { [versionId]: { app: "killer" as AppRecord["name"], at: "2026-11-23T06:00:00.000Z" } };
    t.store.put({ ...nodeRecord([shared], { supervisor: t.node.supervisor }), quarantined, ...changes });
  };
  return { t, versionId, shared, own, name };
}

const refuseQuarantined = (request: FakeRequest): void => request.refuse({ ...HELD_BACK, retryable: true });

test("a request that a worker refuses for the quarantine of its version goes to the version's own worker, body and all", async () => {
  const { t, versionId, shared, own } = await start();
  shared.handler = refuseQuarantined;
  own.handler = async (request) => request.respond(await request.body());
  const answer = await t.fetch("/", { method: "POST", body: "kept" });
  expect(answer).toMatchObject({ status: 200, text: "kept" });
  expect(t.node.supervisor.askedVersions).toEqual([versionId]);
});

test("a version that a node's record names goes to its own worker at once, by one link, until it is named no more", async () => {
  const { t, shared, own, name } = await start();
  name();
  await eventually(async () => (await t.fetch("/")).text === `hello from ${own.id}`);
  const { length } = shared.requests;
  await t.fetch("/");
  expect(shared.requests).toHaveLength(length);
  expect(t.node.supervisor.askedVersions).toHaveLength(1);
  name({ quarantined: {} });
  await eventually(async () => (await t.fetch("/")).text === `hello from ${shared.id}`);
});

test("while its supervisor holds it back the client gets 503, told for how long, and no other node is asked for a worker", async () => {
  const { t, name } = await start();
  const other = await startFakeNode();
  const elsewhere = await other.startWorker();
  other.supervisor.ownWorkerOf = () => HELD_BACK;
  t.node.supervisor.ownWorkerOf = () => HELD_BACK;
  t.store.put({ ...nodeRecord([elsewhere], { supervisor: other.supervisor }), id: "other" as NodeId });
  // Which node is asked is a matter of those that can be reached.
  await eventually(async () => (await t.metric("router_links_count")) === 2);
  name();
  const isHeldBack = async (): Promise<boolean> => (await t.fetch("/")).status === 503;
  await eventually(isHeldBack);
  const answer = await t.fetch("/");
  expect(answer).toMatchObject({ status: 503, headers: { "x-nano-error": "quarantined", "retry-after": "5" } });
  const asked = [t.node.supervisor, other.supervisor].map(({ askedVersions }) => askedVersions.length > 0);
  expect(asked.filter(Boolean)).toHaveLength(1);
});

test("a supervisor that does not know the question is passed over for the next node", async () => {
  const { t, own, name } = await start();
  const older = await startFakeNode();
  const elsewhere = await older.startWorker();
  const unknown: WireError = { ...HELD_BACK, code: "EXEC_QUESTION_UNKNOWN", fault: "platform", httpStatus: 501 };
  older.supervisor.ownWorkerOf = () => unknown;
  t.store.put({ ...nodeRecord([elsewhere], { supervisor: older.supervisor }), id: "older" as NodeId });
  name();
  await eventually(async () => (await t.fetch("/")).text === `hello from ${own.id}`);
});

test("a request whose own worker died is not lost on the way to the next: who was to blame for it is told, others are held back", async () => {
  const { t, shared, own, name } = await start();
  name();
  await eventually(async () => (await t.fetch("/")).text === `hello from ${own.id}`);
  own.handler = () => undefined;
  const before = own.requests.length;
  const [suspect, beside] = [t.fetch("/suspect"), t.fetch("/beside")];
  await eventually(() => own.requests.length === before + 2);
  const streamId = own.requests.find(({ path }) => path === "/suspect")?.stream.id ?? 0;
  t.node.supervisor.answer = () => ({ suspect: streamId, entered: [] });
  t.node.supervisor.ownWorkerOf = () => HELD_BACK;
  own.die();
  expect(await suspect).toMatchObject({ status: 502, headers: { "x-nano-error": "worker_lost" } });
  expect(await beside).toMatchObject({ status: 503, headers: { "x-nano-error": "quarantined" } });
  expect(shared.requests.map(({ path }) => path)).not.toContain("/beside");
});
