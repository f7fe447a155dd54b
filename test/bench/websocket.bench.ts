/**
 * What WebSockets cost and hold, in parts, each with a table of its own: round trips of an echo beside workerd; how fast connections open;
 * memory of many; and threads of their own beside a shared one.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Report, report } from "./report.ts";
import { measureWebSocketEcho } from "./websocket-echo.ts";
import { measureWebSocketMemory } from "./websocket-memory.ts";
import { measureWebSocketOpen } from "./websocket-open.ts";
import { measureWebSocketThreads } from "./websocket-threads.ts";

type Measure = (directory: string, options: { isSmall: boolean }) => Promise<Report>;

const PARTS = {
  echo: measureWebSocketEcho,
  open: measureWebSocketOpen,
  memory: measureWebSocketMemory,
  threads: measureWebSocketThreads,
} satisfies Record<string, Measure>;

export type WebSocketPart = keyof typeof PARTS;
export const webSocketParts = Object.keys(PARTS) as readonly WebSocketPart[];

export async function benchWebSocket(
  parts: readonly WebSocketPart[],
  options: { readonly isSmall: boolean },
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "nano-websocket-"));
  try {
    for (const part of parts) {
      process.stderr.write(`websocket-${part}\n`);
      mkdirSync(join(directory, part));
      // What a small scale shows is no figure to keep.
      const name = `websocket-${part}${options.isSmall ? "-small" : ""}`;
      report(name, await PARTS[part](join(directory, part), options));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
