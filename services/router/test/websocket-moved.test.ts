import { expect, test } from "vitest";
import { startWebSocketTest } from "./websocket-harness.ts";

test("an app that left its worker for another of the same node is followed there, and the worker it left is not asked again", async () => {
  const t = await startWebSocketTest();
  await t.connect();
  let refusalCount = 0;
  const { handler } = t.socketWorker;
  t.socketWorker.handler = (request) => {
    refusalCount += 1;
    request.refuse({ reason: "worker_moved" });
  };
  const other = await t.node.startWorker(handler);
  t.node.supervisor.socketWorkerOf = () => other;
  await t.connect();
  await t.connect();
  expect(refusalCount).toBe(1);
  expect(t.sockets).toHaveLength(3);
});
