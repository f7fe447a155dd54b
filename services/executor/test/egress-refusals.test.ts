import { describe, expect, it } from "vitest";
import { egressErrors } from "../src/egress/errors.ts";
import { RefusalLog } from "../src/egress/refusal-log.ts";
import type { LinkedLog } from "../src/linked/linked-messages.ts";
import { FetchFailed, startEgress, startOrigin } from "./egress-harness.ts";

/** A resolver that knows of no name. */
const noName = {
  resolveName: async (hostname: string) => {
    throw new Error(`${hostname} was looked up`);
  },
};

async function refusalOf(answer: Promise<unknown>): Promise<string> {
  const failure = await answer.catch((error: unknown) => error);
  if (!(failure instanceof FetchFailed)) throw new Error(`Expected a refusal, got ${String(failure)}`);
  return failure.message;
}

describe("localhost and names below it", () => {
  it.each(["localhost", "shop.localhost", "a.b.LOCALHOST"])("lead to this machine unasked: %s", async (host) => {
    const { origin } = await startOrigin((request, response) => response.end(request.headers.host));
    const { fetch } = await startEgress({ allowedRanges: ["127.0.0.0/8"] }, noName);
    const { port } = new URL(origin);
    expect((await fetch(`http://${host}:${port}/`)).body.toString()).toBe(`${host.toLowerCase()}:${port}`);
  });

  it("are refused as loopback addresses where nothing allows those", async () => {
    const { fetch } = await startEgress({ allowedRanges: [] }, noName);
    expect(await refusalOf(fetch("http://shop.localhost:1234/"))).toBe(
      "Host shop.localhost is refused: its address is a loopback address",
    );
  });

  it("are not what only ends like them", async () => {
    const { fetch } = await startEgress({}, noName);
    expect(await refusalOf(fetch("http://mylocalhost:1234/"))).toContain("does not resolve");
  });
});

describe("an address that a rule refuses", () => {
  it("is told to the log with the setting that allows it, once for each app and rule", async () => {
    const logs: LinkedLog[] = [];
    const { fetch } = await startEgress({ allowedRanges: [] }, { report: (log) => logs.push(log) });
    for (const app of ["shop", "shop", "blog"]) await refusalOf(fetch("http://127.0.0.1:1234/", { app }));
    await refusalOf(fetch("http://10.0.0.1/", { app: "shop" }));
    await refusalOf(fetch("http://localhost/", { app: "shop" }));
    expect(logs.map(({ fields }) => fields)).toEqual([
      { app: "shop", host: "127.0.0.1", rule: "a loopback address", setting: "egress.allowedRanges" },
      { app: "blog", host: "127.0.0.1", rule: "a loopback address", setting: "egress.allowedRanges" },
      { app: "shop", host: "10.0.0.1", rule: "a private address", setting: "egress.allowedRanges" },
    ]);
    expect(logs[0]).toMatchObject({ level: "warn", msg: expect.stringContaining("EXECUTOR_EGRESS_ALLOWED_RANGES") });
  });

  it("does not fill a log, and is alone in it", () => {
    const logs: LinkedLog[] = [];
    const refusals = new RefusalLog((log) => logs.push(log));
    refusals.note("shop", egressErrors.NAME_NOT_FOUND({ host: "shop.example" }));
    expect(logs).toEqual([]);
    const refusal = egressErrors.ADDRESS_REFUSED({ host: "localhost", rule: "a loopback address" });
    for (let i = 0; i < 1_010; i += 1) refusals.note(`app-${i}`, refusal);
    expect(logs).toHaveLength(1_000);
  });
});
