/**
 * One app's snapshot made in several ways, restored in turns: what warming up is worth, and what the web-api costs. Runs what it is given in
 * this process, without a builder's limits: for apps of our own alone.
 */
import { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestHost, IsolateSource } from "@nano/isolate/isolate";
import { makeSnapshot } from "@nano/isolate/make-snapshot";
import { runInit } from "@nano/isolate/run-init";
import { SnapshotBlob } from "@nano/isolate/snapshot-blob";
import type { AppName, RequestId } from "@nano/protocol/brands";
import type { Manifest, WarmUpRequest } from "@nano/protocol/manifest";

const SECRET = "5e".repeat(32);
const QUESTION = {
  requestId: "bench" as RequestId,
  linkId: 1,
  streamId: 1,
  method: "GET",
  url: "http://bench.localhost/",
  headers: "host\nbench.localhost\naccept\n*/*\n",
  body: undefined,
};

export interface LeverSnapshot {
  readonly bytes: number;
  /** What it answers. */
  readonly body: string;
  /** To the head of the first answer, from a snapshot that is in memory. */
  firstAnswer(): number;
}

export interface LeverApp {
  readonly script: string;
  readonly manifest: Manifest;
}

/** @param warmUp null: none, the handler has not run and the web-api's lazy parts are not loaded; else how often the front page is asked */
export function makeLeverSnapshot({ script, manifest }: LeverApp, warmUp: number | null): LeverSnapshot {
  const request: WarmUpRequest = { method: "GET", path: "/", headers: { accept: "*/*" } };
  const { initTimeMs, memoryBytes } = manifest.limits;
  const envJson = JSON.stringify(manifest.envVars);
  const warmUpRequests = Array.from({ length: warmUp ?? 1 }, () => request);
  const run = runInit({ script, initTimeMs, memoryBytes, envJson, warmUpRequests, onOutcome: () => undefined });
  if (run.outcome.type !== "done") throw new Error(`Init ended as ${run.outcome.type}`);
  const warmedUp = warmUp === null ? null : run.warmUp;
  const snapshot = makeSnapshot({ script, attachSecret: SECRET, envJson, init: run.record, warmUp: warmedUp });
  const ask = (): FirstAnswer => {
    const blob = new SnapshotBlob(Uint8Array.from(snapshot).buffer);
    return firstAnswer({ rung: "heap", blob, attachSecret: SECRET }, manifest);
  };
  const { body: expected } = ask();
  return {
    bytes: snapshot.byteLength,
    body: expected,
    firstAnswer() {
      const { ms, body } = ask();
      if (body !== expected) throw new Error(`Wrong answer: ${body.slice(0, 100)}`);
      return ms;
    },
  };
}

interface FirstAnswer {
  readonly ms: number;
  readonly body: string;
}

function firstAnswer(source: IsolateSource, manifest: Manifest): FirstAnswer {
  const host: GuestHost = {
    beginEntry: () => undefined,
    endEntry: () => undefined,
    log: ({ text }) => {
      throw new Error(text);
    },
    openFetch: () => {
      throw new Error("No app of the benchmark fetches");
    },
  };
  const startMs = performance.now();
  let headMs = 0;
  let answer = "";
  const app = "bench" as AppName;
  const envJson = JSON.stringify(manifest.envVars);
  const isolate = AppIsolate.restore({ app, source, isolation: "request", limits: manifest.limits, envJson, host });
  isolate.start(QUESTION, {
    respond: ({ status }, body) => {
      headMs = performance.now();
      answer = `${status} ${body instanceof ArrayBuffer ? Buffer.from(body).toString() : body}`;
    },
    writeResponse: () => true,
    endResponse: () => undefined,
    failResponse: (error, isHeadSent) => {
      // A streamed answer is cut when its isolate is disposed of, below.
      if (!isHeadSent) throw new Error(error.message);
    },
    wantBody: () => undefined,
    cancelBody: () => undefined,
    settle: () => undefined,
  });
  isolate.dispose();
  if (!answer.startsWith("200 ")) throw new Error(`Wrong answer: ${answer.slice(0, 100)}`);
  return { ms: headMs - startMs, body: answer };
}
