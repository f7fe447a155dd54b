/** An isolate that has ended leaves nothing behind in the worker. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { AppName } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { eventually } from "@nano/test-kit/eventually";
import { test } from "vitest";
import { AppIsolate } from "../src/app-isolate.ts";
import { appScript, heapSource, RecordingHost } from "./isolate-harness.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function openAndEnd(): WeakRef<object> {
  const isolate = AppIsolate.restore({
    app: "subject" as AppName,
    source: heapSource(appScript("return new Response('hello');")),
    isolation: "request",
    limits: resolveManifest({}).limits,
    envJson: "{}",
    host: new RecordingHost(),
  });
  isolate.prepareSpare();
  isolate.dispose();
  return new WeakRef(isolate);
}

test("what was disposed of is collected, its variables and script with it", async () => {
  const ended = openAndEnd();
  await eventually(() => {
    collect();
    return ended.deref() === undefined;
  });
});
