import { expect, test } from "vitest";
import { listLeftBehind } from "../src/sliver/create-sliver.ts";

test("what does not travel with a sliver is named where the app has it", () => {
  const manifest = { isolation: "app", env_vars: { TOKEN: "s3cr3t" }, limits: { cpu_time_ms: 80 } } as const;
  expect(listLeftBehind({ assetsDir: "/app/assets", manifest })).toEqual(["assets", "the handler's env", "limits"]);
  expect(listLeftBehind({ assetsDir: null, manifest: { isolation: "app", env_vars: {} } })).toEqual([]);
});
