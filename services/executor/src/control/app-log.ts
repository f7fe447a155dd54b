/**
 * Output of apps, on this process's standard output: a stream of its own kind, one JSON object per line with `"stream":"app"`, so that it is
 * never taken for ours. Stacks are mapped to the author's lines here, off the workers' threads.
 */
import { createStackMapper, type StackMapper } from "@nano/bundle/map-stack";
import { withoutHostFrames, withoutPlatformFrames } from "@nano/isolate/guest-stack";
import { APP_SCRIPT_NAME } from "@nano/isolate/script-names";
import type { VersionId } from "@nano/protocol/brands";
import { openUnpackedSliver } from "@nano/sliver/unpacked-sliver";
import type { AppLogLine } from "../worker-messages.ts";
import type { LogFollowers } from "./log-followers.ts";

/** Source maps held decoded; the one that was used longest ago leaves first. */
export const MAX_STACK_MAPPERS = 32;
const SCRIPT_PLACE = new RegExp(`${APP_SCRIPT_NAME.replace(".", "\\.")}:\\d+:\\d+`);
const FRAME = "\n    at ";

export interface AppLogOptions {
  /** The unpacked sliver of a version, where one is known. */
  sliverPath(versionId: VersionId): string | undefined;
  write(line: string): void;
  /** Hears of each line, too. @default nobody */
  readonly followers?: Pick<LogFollowers, "publish">;
}

export class AppLog {
  readonly #options: AppLogOptions;
  readonly #mappers = new Map<VersionId, StackMapper | null>();

  constructor(options: AppLogOptions) {
    this.#options = options;
  }

  write(line: AppLogLine): void {
    const { stack, versionId, text, ...rest } = line;
    const whole = this.#mapText(versionId, stack === undefined ? text : withStack(text, stack));
    const time = new Date().toISOString();
    this.#options.write(`${JSON.stringify({ stream: "app", time, ...rest, versionId, text: whole })}\n`);
    this.#options.followers?.publish({ ...rest, versionId, time, text: whole });
  }

  /** Stacks stand in what an app logs itself, too. Frames of the web-api are no help to its author. */
  #mapText(versionId: VersionId, text: string): string {
    const shown = withoutPlatformFrames(text);
    return SCRIPT_PLACE.test(shown) ? this.#mapStack(versionId, shown) : shown;
  }

  #mapStack(versionId: VersionId, stack: string): string {
    let mapper = this.#mappers.get(versionId);
    if (mapper === undefined) mapper = this.#openMapper(versionId);
    this.#mappers.delete(versionId);
    this.#mappers.set(versionId, mapper);
    for (const oldest of this.#mappers.keys()) {
      if (this.#mappers.size <= MAX_STACK_MAPPERS) break;
      this.#mappers.delete(oldest);
    }
    return mapper === null ? stack : mapper.mapStack(stack);
  }

  #openMapper(versionId: VersionId): StackMapper | null {
    const path = this.#options.sliverPath(versionId);
    if (path === undefined) return null;
    try {
      const sourceMap = openUnpackedSliver(path).readSourceMap();
      return sourceMap === null ? null : createStackMapper(sourceMap);
    } catch {
      // Without its map a stack is still worth having.
      return null;
    }
  }
}

/** V8's stacks begin with the name and message that the text has already, or with those of before they were changed. */
function withStack(text: string, stack: string): string {
  const own = withoutHostFrames(stack);
  if (own.startsWith(text)) return own;
  const first = own.indexOf(FRAME);
  return first < 0 ? text : text + own.slice(first);
}
