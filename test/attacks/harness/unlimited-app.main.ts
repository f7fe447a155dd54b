/** `unlimited-app.main.ts JOB`: an isolate of an app, asked as a worker asks it, in a process that nobody watches. Each answer is a line. */
import { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestHost } from "@nano/isolate/isolate";
import type { AppName } from "@nano/protocol/brands";
import { type IsolationMode, type ManifestInput, resolveManifest } from "@nano/protocol/manifest";
import { askIsolate } from "../../support/ask-isolate.ts";
import { messageIsolate } from "./message-isolate.ts";

export interface UnlimitedJob {
  readonly script: string;
  readonly isolation: IsolationMode;
  readonly limits: NonNullable<ManifestInput["limits"]>;
  /** Asked one after the other. */
  readonly queries: readonly string[];
  /** Null: it is asked. Else each query is an upgrade, and this is sent to its connection. */
  readonly message: string | null;
}

const job = JSON.parse(process.argv[2] ?? "") as UnlimitedJob;
let lineCount = 0;
const host: GuestHost = {
  beginEntry: () => undefined,
  endEntry: () => undefined,
  log: () => {
    lineCount += 1;
  },
  openFetch: () => {
    throw new Error("This app has no way out");
  },
};
const isolate = AppIsolate.restore({
  app: "subject" as AppName,
  source: { rung: "source", script: job.script },
  isolation: job.isolation,
  limits: resolveManifest({ limits: job.limits }).limits,
  envJson: "{}",
  host,
});
process.stdout.write("ready\n");
for (const [i, query] of job.queries.entries()) {
  const url = `http://subject.test/${query}`;
  const { message } = job;
  const asked = message === null ? askIsolate(isolate, url, i + 1) : messageIsolate(isolate, url, message);
  const { status, text, failed } = await asked;
  process.stdout.write(`${JSON.stringify({ status, text, failed, lineCount })}\n`);
}
process.exit(0);
