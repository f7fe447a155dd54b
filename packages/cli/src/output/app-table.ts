/** What is served, at the end of a start: a table, and a `curl` line for each app. */
import { isIP } from "node:net";
import { alignColumns, type Colour, type Terminal } from "./terminal.ts";

export interface AppRow {
  readonly app: string;
  readonly routes: readonly { readonly host: string; readonly path: string }[];
  readonly state: "serving" | "failed" | "stale";
  readonly note: string;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
}

const STATE_COLOURS = { serving: "green", failed: "red", stale: "yellow" } as const satisfies Record<string, Colour>;

export function showAppTable(rows: readonly AppRow[], listener: Listener, terminal: Terminal): void {
  const cells = rows.map((row) => [row.app, row.state, urlOf(row, listener), row.note]);
  const [head, ...lines] = alignColumns([["app", "state", "url", ""], ...cells]);
  terminal.line();
  terminal.line(terminal.paint("dim", head ?? ""));
  for (const [i, line] of lines.entries()) {
    const state = rows[i]?.state ?? "serving";
    terminal.line(line.replace(` ${state} `, ` ${terminal.paint(STATE_COLOURS[state], state)} `));
  }
  const serving = rows.filter((row) => row.state !== "failed");
  if (serving.length === 0) return;
  terminal.line();
  for (const row of serving) terminal.line(curlLine(row, listener));
}

/** Where an app is asked, as a browser would write it. */
export function urlOf(row: Pick<AppRow, "routes">, listener: Listener): string {
  const route = row.routes[0] ?? { host: "localhost", path: "/" };
  const port = listener.port === 80 ? "" : `:${listener.port}`;
  return `http://${exampleHost(route.host)}${port}${route.path}`;
}

/** A command that reaches the app from this machine, whatever its name resolves to. */
export function curlLine(row: Pick<AppRow, "routes">, listener: Listener): string {
  const route = row.routes[0] ?? { host: "localhost", path: "/" };
  const host = exampleHost(route.host);
  const isReachedByName = isLoopbackName(host) && isLoopbackListener(listener.host);
  if (isReachedByName || bare(host) === reachable(listener.host)) return `curl ${urlOf(row, listener)}`;
  const address = reachable(listener.host);
  const authority = isIP(address) === 6 ? `[${address}]` : address;
  return `curl -H 'Host: ${host}' http://${authority}:${listener.port}${route.path}`;
}

/** A host that a pattern takes. */
function exampleHost(pattern: string): string {
  return pattern.startsWith("*.") ? `any${pattern.slice(1)}` : pattern;
}

/** curl resolves `localhost` and everything below it to this machine by itself. */
function isLoopbackName(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

function isLoopbackListener(host: string): boolean {
  return ["127.0.0.1", "0.0.0.0", "::", "::1", "localhost"].includes(bare(host));
}

/** An address to connect to for one to listen on. */
function reachable(host: string): string {
  if (bare(host) === "0.0.0.0") return "127.0.0.1";
  return bare(host) === "::" ? "::1" : bare(host);
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
