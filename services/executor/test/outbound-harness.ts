/** An isolate whose fetches go through a real egress server, over a link, as a worker carries them. */
import { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestRequest, RunSink } from "@nano/isolate/isolate";
import type { AppName, RequestId } from "@nano/protocol/brands";
import { type ManifestInput, resolveManifest } from "@nano/protocol/manifest";
import { encodeHeaderBlock } from "@nano/protocol/messages";
import { onTestFinished } from "vitest";
import type { EgressSettings } from "../src/egress/egress-config.ts";
import { EgressClient } from "../src/request/egress-client.ts";
import { startEgress } from "./egress-harness.ts";

const ROOMY = { cpu_time_ms: 5_000, timeout_secs: 60, init_time_ms: 10_000 };

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The reason of the error that ended it. */
  readonly failure: string;
}

export interface OutboundApp {
  readonly isolate: AppIsolate;
  readonly egress: Awaited<ReturnType<typeof startEgress>>["server"];
  readonly logs: string[];
  /** Answers at the response's end; the run may go on. */
  ask(): Promise<Answer>;
}

/** @param fetchBody of the app's handler, with `request`, `ctx` and `peer` */
export async function openOutboundApp(
  fetchBody: string,
  options: { peer?: string; manifest?: ManifestInput; settings?: Partial<EgressSettings> } = {},
): Promise<OutboundApp> {
  const { server, link } = await startEgress(options.settings);
  const client = new EgressClient();
  client.use(link);
  const { manifest = {} } = options;
  const { limits, websocket, egress, isolation } = resolveManifest({
    ...manifest,
    limits: { ...ROOMY, ...manifest.limits },
  });
  const logs: string[] = [];
  const script = `__nano_app__(function () { const peer = ${JSON.stringify(options.peer ?? "")};
    return { default: { async fetch(request, env, ctx) { ${fetchBody} } } }; });`;
  const isolate = AppIsolate.restore({
    app: "app-1" as AppName,
    source: { rung: "source", script },
    isolation,
    limits,
    websocket,
    egress,
    envJson: "{}",
    host: {
      beginEntry: () => undefined,
      endEntry: () => undefined,
      log: (line) => logs.push(line.text),
      openFetch: (head, listener) => client.open(head, listener),
    },
  });
  onTestFinished(() => isolate.dispose());
  let count = 0;
  const ask = (): Promise<Answer> => {
    count += 1;
    const request: GuestRequest = {
      requestId: `r${count}` as RequestId,
      linkId: 1,
      streamId: count,
      method: "GET",
      url: "http://subject.test/",
      headers: encodeHeaderBlock([]),
      body: undefined,
    };
    return new Promise((resolve) => {
      let status = 0;
      let text = "";
      const sink: RunSink = {
        respond(head, body) {
          status = head.status;
          if (body === true) return;
          text = body === null ? "" : typeof body === "string" ? body : Buffer.from(body).toString();
          resolve({ status, text, failure: "" });
        },
        writeResponse(chunk) {
          text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
          return true;
        },
        endResponse: () => resolve({ status, text, failure: "" }),
        failResponse: (error) => resolve({ status, text, failure: error.reason }),
        wantBody: () => undefined,
        cancelBody: () => undefined,
        settle: () => undefined,
      };
      isolate.start(request, sink);
    });
  };
  return { isolate, egress: server, logs, ask };
}
