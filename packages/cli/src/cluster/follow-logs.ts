/**
 * `nanoctl logs`: lines of an app as they come, over a registry that may be restarted meanwhile.
 *
 * I1 What an app writes can neither move the cursor nor look like a line of another: each line has its prefix.
 */
import type { AppName } from "@nano/protocol/brands";
import { isNanoError } from "@nano/protocol/errors";
import { type LogLine, logLineSchema } from "@nano/protocol/registry-api";
import type { CommandContext } from "../commands/command-context.ts";
import { errors } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { toJson } from "../output/data-table.ts";
import { splitLines } from "../output/split-lines.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import { listenForEnd } from "../run/end-signal.ts";
import { type ClusterFlags, type OpenCluster, openCluster } from "./open-cluster.ts";

/** So long a registry may be away before the follow ends with an error. */
const AWAY_LIMIT_MS = 60_000;
const VERSION_DIGITS = 7;

/** Follows until Ctrl-C. @throws what the registry refuses; CTL_REGISTRY_LOST where it stays away */
export async function followLogs(app: AppName, flags: ClusterFlags, context: CommandContext): Promise<ExitCode> {
  const end = listenForEnd();
  const ending = new AbortController();
  void end.reached.then(() => ending.abort());
  const cluster = openCluster(flags, { env: context.env, signal: ending.signal });
  try {
    await follow(app, cluster, { ...context, asJson: flags.json === true, signal: ending.signal });
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    cluster.close();
    end.dispose();
  }
  return end.signal === "SIGINT" ? ExitCode.INTERRUPTED : ExitCode.OK;
}

interface FollowOptions extends Pick<CommandContext, "output" | "problems"> {
  readonly asJson: boolean;
  readonly signal: AbortSignal;
}

async function follow(app: AppName, { client, pause }: OpenCluster, options: FollowOptions): Promise<void> {
  const { output, problems, asJson, signal } = options;
  let lostAtMs: number | null = null;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const answer = await client.openLogs(app);
      if (lostAtMs !== null) problems.line(problems.paint("dim", "back: following again"));
      else if (attempt === 0) problems.line(problems.paint("dim", `following ${app}; Ctrl-C ends it`));
      lostAtMs = null;
      attempt = 0;
      await splitLines(answer, async (line) => {
        if (line.trim() === "") return;
        const parsed = parseLine(line);
        if (parsed === null) return;
        const shown = asJson ? [toJson(parsed)] : formatLine(parsed, output);
        const isTaken = shown.map((each) => output.line(each)).at(-1) ?? true;
        if (!isTaken) await output.drained();
      });
    } catch (error) {
      // A refusal stays one. A stream that breaks off is no error of ours.
      if (signal.aborted || (isNanoError(error) && error.code !== errors.REGISTRY_LOST.code)) throw error;
      if (attempt === 0 && lostAtMs === null)
        problems.line(problems.paint("yellow", "lost the registry: trying again"));
      lostAtMs ??= performance.now();
      if (performance.now() - lostAtMs > AWAY_LIMIT_MS) throw error;
    }
    await pause(attempt);
  }
}

/** One line of output, as lines of the terminal. */
export function formatLine(line: LogLine, output: Terminal): string[] {
  if (line.type === "dropped") {
    const where = line.node === null ? "" : ` of ${printable(line.node)}`;
    return [
      output.paint("yellow", `… ${line.count} lines${where} were dropped: they came faster than they could be shown`),
    ];
  }
  const { time, version, node, level, text, requestId } = line;
  const prefix = output.paint("dim", `${clockOf(time)} ${oneLine(node)} ${version.slice(0, VERSION_DIGITS)} |`);
  const paint = (part: string): string => {
    if (level === "error") return output.paint("red", part);
    return level === "warn" ? output.paint("yellow", part) : part;
  };
  const id = requestId !== null ? output.paint("dim", ` (${oneLine(requestId)})`) : "";
  return printable(text)
    .split("\n")
    .map((part, index) => `${prefix} ${paint(part)}${index === 0 ? id : ""}`);
}

function parseLine(line: string): LogLine | null {
  try {
    return logLineSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null; // cut off in the middle
  }
}

function clockOf(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? "--:--:--" : at.toTimeString().slice(0, 8);
}

function oneLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, " ");
}
