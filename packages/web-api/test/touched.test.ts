/** Which lazy modules were loaded, as the build asks, and a script that loads them before the app. */
import ivm from "isolated-vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { GuestEvent, HostOp, TOUCHED_PLACEHOLDER } from "../src/boundary.ts";
import { type Guest, openGuest, webApiScript } from "./harness.ts";

let guest: Guest;
beforeAll(async () => {
  guest = await openGuest({
    app: `exports.default = { fetch() { return new Response(new URLSearchParams({ a: "1" }).toString()); } };`,
  });
});
afterAll(() => guest[Symbol.dispose]());

function touched(): string {
  guest.enter(GuestEvent.TOUCHED, 0);
  return guest.calls.findLast(({ code }) => code === HostOp.TOUCHED)?.args[0] as string;
}

async function globalsWith(modules: string): Promise<string[]> {
  const isolate = new ivm.Isolate();
  const context = isolate.createContextSync();
  context.evalSync((await webApiScript()).replace(TOUCHED_PLACEHOLDER, modules));
  const names = context.evalSync("Object.getOwnPropertyNames(globalThis).join()");
  isolate.dispose();
  return (names as string).split(",");
}

it("the host is told which modules a request loaded", () => {
  const before = touched();
  guest.request();
  const after = touched();
  expect(before).toMatch(/^(\d+,)*$/);
  expect(after).toMatch(/^(\d+,)+$/);
  expect(after.split(",").length).toBeGreaterThan(before.split(",").length);
});

it("a script that loads them puts nothing else on the global", async () => {
  guest.request();
  expect(await globalsWith(touched())).toEqual(await globalsWith(""));
});

it("numbers of no module are passed over", async () => {
  const plain = await globalsWith("");
  for (const modules of ["15,", "9999,", "-1,", "x,"]) expect(await globalsWith(modules)).toEqual(plain);
  expect(await globalsWith(TOUCHED_PLACEHOLDER)).toEqual(plain);
});
