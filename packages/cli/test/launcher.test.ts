import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { Launcher } from "../src/run/launcher.ts";
import { ServiceProcess } from "../src/run/service-process.ts";
import { openShownTerminal } from "./shown-terminal.ts";

const main = fileURLToPath(new URL("fake-service.main.ts", import.meta.url));

const specOf = (name: string) => ({ name, main, env: { FAKE_MODE: "serve" } });

function createLauncher(...names: string[]): Launcher {
  const launcher = new Launcher({ specs: names.map(specOf), terminal: openShownTerminal().terminal, isVerbose: false });
  onTestFinished(() => launcher.close());
  return launcher;
}

test("what is prepared has the first service, and no other runs before it is done", async () => {
  const launcher = createLauncher("registry", "executor", "router");
  const running = () => launcher.services.filter(({ isRunning }) => isRunning).map(({ name }) => name);
  const before: string[][] = [];
  await launcher.start(async () => {
    before.push(running());
    // As long as others would need to start.
    for (const name of ["one", "two"]) {
      const other = new ServiceProcess({ spec: specOf(name), onLine: () => {}, onLost: () => {}, onBack: () => {} });
      await other.start();
      await other.stop(0);
    }
    before.push(running());
  });
  expect(before).toEqual([["registry"], ["registry"]]);
  expect(running()).toEqual(["registry", "executor", "router"]);
});

test("nothing more is started where that fails", async () => {
  const launcher = createLauncher("registry", "router");
  await expect(launcher.start(() => Promise.reject(new Error("Registry refused")))).rejects.toThrow("Registry refused");
  await launcher.close();
  expect(launcher.find("router").isRunning).toBe(false);
});
