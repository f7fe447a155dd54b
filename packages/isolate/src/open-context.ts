/** Makes a context of an isolate ready for requests: initialised where its snapshot is not, attached, given what a heap cannot hold. */
import { ATTACH_GLOBAL, GuestEvent } from "@nano/web-api/boundary";
import type ivm from "isolated-vm";
import { errors } from "./errors.ts";
import { type EnterReference, GuestContext } from "./guest-context.ts";
import { InitHost } from "./init-host.ts";
import { type InitOutcome, initialiseContext } from "./initialise-context.ts";
import type { AppIsolateOptions } from "./isolate.ts";
import type { InitScripts, OpenedIsolate } from "./open-isolate.ts";

/** Longest reason of a failed restore: an app's top level may throw anything. */
const MAX_REASON_CHARS = 500;

/** @throws ISO_ATTACH_REFUSED, ISO_RESTORE_FAILED, what the engine throws; the context is released then */
export function openContext(opened: OpenedIsolate, op: ivm.Callback, options: AppIsolateOptions): GuestContext {
  const { isolate, attachSecret, init } = opened;
  const context = isolate.createContextSync();
  try {
    if (init !== null) initialise(context, { ...opened, init }, options);
    const attach = context.global.getSync(ATTACH_GLOBAL, { reference: true });
    const given = [attachSecret, op, options.envJson];
    const args = options.host.openAsset === undefined ? given : [...given, false, true];
    const enter = attach?.applySync(undefined, args, { result: { reference: true } });
    attach?.release();
    if (enter?.typeof !== "function") throw errors.ATTACH_REFUSED({ app: options.app });
    giveWasm(enter as EnterReference, options);
    return new GuestContext(context, enter as EnterReference);
  } catch (thrown) {
    if (!isolate.isDisposed) context.release();
    throw thrown;
  }
}

export function reasonOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, MAX_REASON_CHARS);
}

/** The top level, below the heap rung: ahead of requests and under its own limit. */
function initialise(
  context: ivm.Context,
  { isolate, attachSecret, init }: OpenedIsolate & { readonly init: InitScripts },
  { app, host, initEnvJson = "{}", limits, source }: AppIsolateOptions,
): void {
  const outcome = initialiseContext({
    ...init,
    isolate,
    context,
    attachSecret,
    envJson: initEnvJson,
    wasm: source.wasm ?? [],
    initTimeMs: limits.initTimeMs,
    host: new InitHost({ onLine: (level, text) => host.log({ app, requestId: null, level, text }) }),
  });
  if (outcome.type !== "done") throw errors.RESTORE_FAILED({ app, why: describeOutcome(outcome) });
}

/** Why a top level that went well when the sliver was built did not now. */
function describeOutcome(outcome: Exclude<InitOutcome, { type: "done" | "memory" }>): string {
  switch (outcome.type) {
    case "threw":
      return reasonOf(`${outcome.name}: ${outcome.message}`);
    case "timeout":
      return `its top level ran longer than ${outcome.limitMs} ms`;
    case "fetched":
      return `its top level fetches ${reasonOf(outcome.url)}`;
    case "stalled":
      return "its top-level await waits for what does not come";
  }
}

/** A heap snapshot cannot hold modules; below the heap rung init was given them. */
function giveWasm(enter: EnterReference, { source }: AppIsolateOptions): void {
  if (source.rung !== "heap" || source.wasm === undefined) return;
  for (const [i, module] of source.wasm.entries()) {
    enter.applySync(undefined, [GuestEvent.WASM_MODULE, i, module], { arguments: { copy: true } });
  }
}
