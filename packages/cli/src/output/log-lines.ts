/**
 * What services and apps write on their standard output, as the user sees it.
 *
 * Services write JSON lines; those with `stream: "app"` are an app's console.
 */
import { type Colour, printable, type Terminal } from "./terminal.ts";

const APP_COLOURS = ["cyan", "magenta", "green", "yellow", "blue"] as const satisfies Colour[];
const LEVELS = ["debug", "info", "warn", "error"] as const;
/** Fields of a service's line that its short form leaves out or shows elsewhere. */
const HIDDEN_FIELDS = new Set(["level", "time", "service", "msg", "err", "pid", "hostname", "component"]);
const MAX_FIELD_CHARS = 200;
/** What an executor's line names where an address was refused that this setting could allow. */
const ALLOWED_RANGES = "egress.allowedRanges";

export interface LogLineOptions {
  /** The service whose output it is, for lines that do not say so. */
  readonly service: string;
  /** Shows every line of services, not just warnings and errors. */
  readonly isVerbose: boolean;
}

/** The lines to show for one line of output; none where it is of no interest. */
export function formatLogLine(line: string, terminal: Terminal, options: LogLineOptions): string[] {
  const record = parseRecord(line);
  if (record === null) return line.trim() === "" ? [] : [`${options.service}: ${printable(line)}`];
  if (record.stream === "app") return formatAppLine(record, terminal);
  if (record.setting === ALLOWED_RANGES && typeof record.app === "string") return formatRefusedFetch(record, terminal);
  return formatServiceLine(record, terminal, options);
}

function formatAppLine(record: Record<string, unknown>, terminal: Terminal): string[] {
  const app = printable(String(record.app ?? "?"));
  const level = String(record.level ?? "log");
  const prefix = terminal.paint(colourOf(app), `${app} |`);
  const paint = (text: string): string => {
    if (level === "error") return terminal.paint("red", text);
    return level === "warn" ? terminal.paint("yellow", text) : text;
  };
  // The client was told this id and nothing else: it leads from a complaint to its lines.
  const id = typeof record.requestId === "string" ? terminal.paint("dim", ` (${record.requestId})`) : "";
  return printable(String(record.text ?? ""))
    .split("\n")
    .map((text, index) => `${prefix} ${paint(text)}${index === 0 ? id : ""}`);
}

/** Beside the app's own lines: here its author is the operator, too, who can allow it. */
function formatRefusedFetch({ app, host, rule }: Record<string, unknown>, terminal: Terminal): string[] {
  const text = `fetch from ${String(host)} was refused, its address is ${String(rule)}: --egress-allow RANGE or server.egress_allowed_ranges of the config file allows it`;
  return formatAppLine({ app, level: "warn", text }, terminal);
}

function formatServiceLine(
  record: Record<string, unknown>,
  terminal: Terminal,
  { service, isVerbose }: LogLineOptions,
): string[] {
  const level = String(record.level ?? "info");
  const rank = LEVELS.indexOf(level as (typeof LEVELS)[number]);
  if (!isVerbose && rank >= 0 && rank < LEVELS.indexOf("warn")) return [];
  const fields = Object.entries(record)
    .filter(([name]) => !HIDDEN_FIELDS.has(name))
    .map(([name, value]) => `${name}=${shorten(typeof value === "string" ? value : JSON.stringify(value))}`);
  const err = record.err as { code?: string; message?: string } | undefined;
  const reason = err === undefined ? [] : [shorten([err.code, err.message].filter(Boolean).join(": "))];
  const text = printable([String(record.msg ?? ""), ...reason, ...fields].join(" ").replaceAll("\n", " "));
  const colour = level === "error" ? "red" : level === "warn" ? "yellow" : "dim";
  return [terminal.paint(colour, `${level} ${String(record.service ?? service)}: ${text}`)];
}

function parseRecord(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // not ours: shown as it is
  }
}

function shorten(text: string | undefined): string {
  if (text === undefined) return "";
  return text.length > MAX_FIELD_CHARS ? `${text.slice(0, MAX_FIELD_CHARS)}…` : text;
}

function colourOf(app: string): Colour {
  let sum = 0;
  for (const character of app) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return APP_COLOURS[sum % APP_COLOURS.length] as Colour;
}
