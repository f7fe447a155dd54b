/** Apps written in the tests, bundled as a deploy bundles them, in one live isolate that requests share. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleApp } from "@nano/bundle/bundle-app";
import { AppIsolate } from "@nano/isolate/app-isolate";
import { compileWasm } from "@nano/isolate/compile-wasm";
import type { GuestHost, IsolateSource } from "@nano/isolate/isolate";
import { makeSnapshot } from "@nano/isolate/make-snapshot";
import { SnapshotBlob } from "@nano/isolate/snapshot-blob";
import type { AppName } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { onTestFinished } from "vitest";
import { askIsolate } from "../../support/ask-isolate.ts";

/** That no test meets by accident. */
const LIMITS = { cpuTimeMs: 20_000, timeoutMs: 60_000, waitUntilMs: 20_000, initTimeMs: 10_000 };

export interface OpenedApp {
  readonly isolate: AppIsolate;
  /** Lines of level `error`. */
  readonly errors: string[];
  /** The text of the answer. @throws where there is none of status 200 */
  ask(path: string): Promise<string>;
}

export interface OpenAppOptions {
  readonly rung?: "source" | "heap";
  readonly memoryBytes?: number;
}

/** An app of these files, in `app` mode; gone with the test. */
export async function openApp(
  files: Readonly<Record<string, string | Uint8Array>>,
  { rung = "source", memoryBytes }: OpenAppOptions = {},
): Promise<OpenedApp> {
  const { script, wasm } = await bundleFiles(files);
  const errors: string[] = [];
  const isolate = AppIsolate.restore({
    app: "contexts" as AppName,
    source:
      rung === "source"
        ? { rung, script, wasm: compileWasm(wasm.map((base64) => Buffer.from(base64, "base64"))) }
        : heapOf(script),
    isolation: "app",
    limits: { ...resolveManifest({}).limits, ...LIMITS, ...(memoryBytes === undefined ? {} : { memoryBytes }) },
    envJson: "{}",
    host: answeringHost(errors),
  });
  onTestFinished(() => isolate.dispose());
  let lastStreamId = 0;
  const ask = async (path: string): Promise<string> => {
    lastStreamId += 1;
    const { status, text, failed } = await askIsolate(isolate, `http://contexts.test${path}`, lastStreamId);
    if (status !== 200) throw new Error(`${path}: ${failed ?? status} ${text} ${errors.join("\n")}`);
    return text;
  };
  return { isolate, errors, ask };
}

async function bundleFiles(files: Readonly<Record<string, string | Uint8Array>>) {
  const directory = mkdtempSync(join(tmpdir(), "nano-contexts-"));
  try {
    // An app finds the packages of the tests.
    symlinkSync(join(import.meta.dirname, "../../node_modules"), join(directory, "node_modules"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    const { artifact } = await bundleApp({ dir: directory });
    return { script: artifact?.script ?? "", wasm: artifact?.wasm ?? [] };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function heapOf(script: string): IsolateSource {
  const attachSecret = randomBytes(32).toString("hex");
  const bytes = makeSnapshot({ script, attachSecret, init: null, warmUp: null });
  return { rung: "heap", blob: new SnapshotBlob(Uint8Array.from(bytes).buffer), attachSecret };
}

/** Answers each fetch, later, with the last part of its path. */
function answeringHost(errors: string[]): GuestHost {
  return {
    beginEntry: () => undefined,
    endEntry: () => undefined,
    log: ({ level, text }) => level === "error" && errors.push(text),
    openFetch: ({ url }, listener) => {
      let isPulled = false;
      setImmediate(() => listener.onHead({ status: 200, statusText: "", headers: "", url, redirected: false }));
      return {
        writeBody: () => true,
        endBody: () => undefined,
        pull: () => {
          if (isPulled) return;
          isPulled = true;
          setImmediate(() => {
            listener.onChunk(Uint8Array.from(Buffer.from(url.slice(url.lastIndexOf("/") + 1))).buffer);
            listener.onEnd();
          });
        },
        cancel: () => undefined,
      };
    },
  };
}
