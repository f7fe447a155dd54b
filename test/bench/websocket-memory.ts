/**
 * Memory of open connections on a shared thread, each with an isolate of its own that has answered a message. Wanted: 5,000 on one node
 * within 10 GB.
 */
import { join } from "node:path";
import type { Report } from "./report.ts";
import { formatBytes, formatCount } from "./table.ts";
import { startWebSocketClient } from "./websocket-client.ts";
import {
  hostOfThread,
  raiseDescriptors,
  residentBytesOf,
  socketProcessesOf,
  startSocketNano,
} from "./websocket-servers.ts";

const GIB = 1024 ** 3;
const BUDGET_BYTES = 10 * GIB;
const EFFORT = { steps: [1_000, 2_500, 5_000] };
const SMALL_EFFORT = { steps: [20, 60] };
/** What a process has open besides its clients. */
const OTHER_DESCRIPTORS = 1_000;
const MESSAGE = { kind: "text", payloadBytes: 16 } as const;

interface Step {
  readonly name: string;
  readonly count: number;
  readonly routerBytes: number;
  readonly workerBytes: number;
  readonly allBytes: number;
  /** Of opening those that this step added. */
  readonly openedPerSecond: number;
  /** From one message on each of them at once until all were answered. */
  readonly answeredMs: number;
}

export async function measureWebSocketMemory(directory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const { steps } = isSmall ? SMALL_EFFORT : EFFORT;
  const most = steps.at(-1) ?? 0;
  const raised = raiseDescriptors(most + OTHER_DESCRIPTORS);
  const nano = await startSocketNano(join(directory, "nano"), { threads: ["shared"], maxConnections: most });
  const client = startWebSocketClient();
  const measured: Step[] = [];
  try {
    let count = 0;
    const place = { port: nano.port, host: hostOfThread("shared"), path: "/" };
    const openTo = async (name: string, wanted: number): Promise<void> => {
      const beganMs = performance.now();
      const added = wanted - count;
      if (added > 0) await client.ask("open", { ...place, ...MESSAGE, count: added });
      const openedMs = performance.now();
      count = wanted;
      await client.ask("askAll");
      const answeredMs = performance.now() - openedMs;
      const { router, worker, all } = socketProcessesOf(nano);
      measured.push({
        name,
        count,
        routerBytes: residentBytesOf(router),
        workerBytes: residentBytesOf(worker),
        allBytes: residentBytesOf(all),
        openedPerSecond: (added * 1000) / (openedMs - beganMs),
        answeredMs,
      });
      process.stderr.write(`${count} connections\n`);
    };
    // The first one starts the worker.
    await openTo("one", 1);
    for (const wanted of steps) await openTo(formatCount(wanted), wanted);
    await client.ask("closeAll");
    count = 0;
    await openTo("closed, then one", 1);
    await client.ask("closeAll");
  } finally {
    await client.close();
    await nano.close();
  }
  return describe(measured, raised);
}

function describe(steps: readonly Step[], raised: string): Report {
  const [first, ...others] = steps;
  const base = first?.allBytes ?? Number.NaN;
  const most = others.reduce((best, each) => (each.count > best.count ? each : best), others[0] as Step);
  const perConnection = (most.allBytes - base) / (most.count - 1);
  const fitting = Math.floor((BUDGET_BYTES - base) / perConnection) + 1;
  const isWithin = most.allBytes <= BUDGET_BYTES ? "within" : "above";
  return {
    title:
      `websocket, memory: \`shared\`, Pss of all processes of one node; ${formatCount(most.count)} connections take ` +
      `${formatBytes(most.allBytes)}, ${isWithin} ${formatBytes(BUDGET_BYTES)}, in which ${formatCount(fitting)} would fit` +
      (raised === "" ? "" : `; ${raised}`),
    head: ["connections", "router", "worker", "all", "each", "opened", "one message on each, all answered"],
    rows: steps.map((each) => [
      each.name,
      formatBytes(each.routerBytes),
      formatBytes(each.workerBytes),
      formatBytes(each.allBytes),
      each.count > 1 ? formatBytes((each.allBytes - base) / (each.count - 1)) : "–",
      each.count > 1 ? `${formatCount(each.openedPerSecond)}/s` : "–",
      `${formatCount(each.answeredMs)} ms`,
    ]),
    data: { steps, perConnection, fitting },
  };
}
