/** Asks an app of its sliver, as a worker of the executor does: from the node's unpacked entry, on a rung, in a mode. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SliverSources } from "@nano/executor/request/sliver-sources";
import { AppIsolate } from "@nano/isolate/app-isolate";
import { engineFingerprint } from "@nano/isolate/engine";
import type { GuestHost } from "@nano/isolate/isolate";
import type { AppName } from "@nano/protocol/brands";
import type { IsolationMode, Manifest } from "@nano/protocol/manifest";
import type { Rung } from "@nano/protocol/records";
import { trustedKeysOf } from "@nano/sliver/signing-key";
import { parseSliver } from "@nano/sliver/sliver-file";
import { buildUnpackedSliver } from "@nano/sliver/write-unpacked-sliver";
import { askIsolate } from "../../support/ask-isolate.ts";
import { signingKey } from "./build-case.ts";
import { PLAIN_VARIABLES, SECRETS } from "./init-case.ts";

export interface AskOptions {
  readonly rung: Rung;
  readonly isolation: IsolationMode;
  readonly manifest: Manifest;
  readonly requestCount: number;
}

export interface Answers {
  /** What was answered as JSON, or how the request failed. */
  readonly answers: readonly unknown[];
  /** Lines of the level `error`: what the app's author would be told. */
  readonly errors: readonly string[];
}

/** Runs the app in this process: a case that may end it must not come here. */
export async function askSliver(sliver: Buffer, options: AskOptions): Promise<Answers> {
  const directory = mkdtempSync(join(tmpdir(), "nano-init-entry-"));
  const path = join(directory, "entry.sliver");
  try {
    const file = parseSliver(sliver, { trustedKeys: trustedKeysOf(signingKey) });
    writeFileSync(path, buildUnpackedSliver(file, randomBytes(32)));
    const sources = new SliverSources(engineFingerprint());
    const source = sources.open(path, { isSourceOnly: options.rung === "source" });
    if (source.rung !== options.rung) throw new Error(`The sliver starts from ${source.rung}, not ${options.rung}`);
    const errors: string[] = [];
    const isolate = AppIsolate.restore({
      app: "init-case" as AppName,
      source: source.read(),
      isolation: options.isolation,
      limits: options.manifest.limits,
      envJson: JSON.stringify({ ...PLAIN_VARIABLES, ...SECRETS }),
      initEnvJson: JSON.stringify(options.manifest.envVars),
      ...(source.contextBytes === undefined ? {} : { contextBytes: source.contextBytes }),
      host: hostOf(errors),
    });
    try {
      const answers: unknown[] = [];
      for (let i = 1; i <= options.requestCount; i++) answers.push(await ask(isolate, i));
      return { answers, errors };
    } finally {
      isolate.dispose();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function ask(isolate: AppIsolate, streamId: number): Promise<unknown> {
  const { status, text, failed } = await askIsolate(isolate, "http://init-case.test/path?query", streamId);
  if (failed !== null) return { failed };
  if (status === 0) return "nothing";
  return status === 200 ? parseAnswer(text) : { status, text };
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // an app that breaks JSON answers with what it made of it
  }
}

function hostOf(errors: string[]): GuestHost {
  return {
    beginEntry: () => undefined,
    endEntry: () => undefined,
    log: ({ level, text }) => level === "error" && errors.push(text),
    openFetch: (head, listener) => {
      const chunks = [Uint8Array.from(Buffer.from("fetched")).buffer];
      // Later: an isolate is never entered from within an entry.
      setImmediate(() =>
        listener.onHead({ status: 200, statusText: "", headers: "", url: head.url, redirected: false }),
      );
      return {
        writeBody: () => true,
        endBody: () => undefined,
        pull: () => {
          const chunk = chunks.pop();
          setImmediate(() => (chunk === undefined ? listener.onEnd() : listener.onChunk(chunk)));
        },
        cancel: () => undefined,
      };
    },
  };
}
