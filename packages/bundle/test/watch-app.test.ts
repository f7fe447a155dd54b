import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type WatchEvent, watchApp } from "@nano/bundle/watch-app";
import { expect, it, onTestFinished } from "vitest";
import { appDirectory } from "./app-directory.ts";
import { loadScript } from "./load-script.ts";

/** Watches a directory and hands out its events one by one. */
async function startWatch(directory: string) {
  const events: WatchEvent[] = [];
  let wake: () => void = () => undefined;
  const watch = await watchApp({ dir: directory }, (event) => {
    events.push(event);
    wake();
  });
  onTestFinished(() => watch.close());
  return {
    watch,
    events,
    async next(): Promise<WatchEvent> {
      while (events.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return events.shift() as WatchEvent;
    },
  };
}

function exportedBy(event: WatchEvent): unknown {
  if (event.type === "failed") return event.error.code;
  return loadScript(event.app.artifact?.script ?? "").init().default;
}

async function formAfter(next: () => Promise<WatchEvent>): Promise<unknown> {
  const event = await next();
  return event.type === "failed" ? event.error.code : event.app.form;
}

it("the first bundle is reported, then that of every edit, within a second", async () => {
  const directory = await appDirectory({ "index.ts": 'export { default } from "./b.ts"', "b.ts": "export default 1" });
  const { next } = await startWatch(directory);
  expect(exportedBy(await next())).toBe(1);
  const startMs = performance.now();
  await writeFile(join(directory, "b.ts"), "export default 2");
  expect(exportedBy(await next())).toBe(2);
  expect(performance.now() - startMs).toBeLessThan(1_000);
});

it("an editor that writes beside and renames is noticed", async () => {
  const directory = await appDirectory({ "index.ts": "export default 1" });
  const { next } = await startWatch(directory);
  await next();
  await writeFile(join(directory, ".index.ts.swp"), "export default 2");
  await rename(join(directory, ".index.ts.swp"), join(directory, "index.ts"));
  expect(exportedBy(await next())).toBe(2);
});

it("a failed build is reported, and the repair after it", async () => {
  const directory = await appDirectory({ "index.ts": "export default 1" });
  const { next } = await startWatch(directory);
  await next();
  await writeFile(join(directory, "index.ts"), "export default = 2");
  expect(exportedBy(await next())).toBe("BUNDLE_SYNTAX_ERROR");
  await writeFile(join(directory, "index.ts"), "export default 3");
  expect(exportedBy(await next())).toBe(3);
});

it("a module in a new directory is found when it appears", async () => {
  const directory = await appDirectory({ "index.ts": "export default 1" });
  const { next } = await startWatch(directory);
  await next();
  await writeFile(join(directory, "index.ts"), 'export { default } from "./lib/new.ts"');
  expect(exportedBy(await next())).toBe("BUNDLE_UNRESOLVED_IMPORT");
  await mkdir(join(directory, "lib"));
  await writeFile(join(directory, "lib", "new.ts"), "export default 4");
  expect(exportedBy(await next())).toBe(4);
});

it("an edit that adds top-level await is built, and one that takes it away", async () => {
  const directory = await appDirectory({ "index.ts": 'export * from "./b.ts"', "b.ts": "export const b = 1;" });
  const { next } = await startWatch(directory);
  const forms: unknown[] = [await formAfter(next)];
  for (const text of ["await 2;", "await (3);", "async () => await 4;", "= 5;", "await 6;"]) {
    await writeFile(join(directory, "b.ts"), `export const b = ${text}`);
    forms.push(await formAfter(next));
  }
  expect(forms).toEqual(["sync", "async", "async", "sync", "BUNDLE_SYNTAX_ERROR", "async"]);
});

it("an edit of a WebAssembly file is reported", async () => {
  const directory = await appDirectory({
    "index.ts": `import wasm from "./a.wasm"; export default () => wasm;`,
    "a.wasm": Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
  });
  const { next } = await startWatch(directory);
  const modulesOf = (event: WatchEvent) => (event.type === "failed" ? event.error : event.app.artifact?.wasm);
  expect(modulesOf(await next())).toEqual(["AGFzbQEAAAA="]);
  // By rename: half of a file is none.
  await writeFile(join(directory, ".a"), Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 1, 0]));
  await rename(join(directory, ".a"), join(directory, "a.wasm"));
  expect(modulesOf(await next())).toEqual(["AGFzbQEAAAAAAQA="]);
});

it("a changed asset or manifest is reported, an unrelated file is not", async () => {
  const directory = await appDirectory({ "index.ts": "export default 1", "assets/a/b.txt": "one" });
  const { next, events } = await startWatch(directory);
  await next();
  await writeFile(join(directory, "assets/a/b.txt"), "two");
  expect(await next()).toMatchObject({ type: "bundled", areAssetsChanged: true });
  await writeFile(join(directory, "notes.md"), "unrelated");
  await writeFile(join(directory, "nano.json"), '{"isolation":"app"}');
  const event = await next();
  expect(event).toMatchObject({ areAssetsChanged: false, app: { manifest: { isolation: "app" } } });
  await rm(join(directory, "assets"), { recursive: true });
  let last = await next();
  while (last.type === "bundled" && last.app.assetsDir !== null) last = await next();
  expect(last).toMatchObject({ areAssetsChanged: true, app: { assetsDir: null } });
  expect(events).toEqual([]);
});

it("a listener that throws hears of it, and of the edits that follow", async () => {
  const directory = await appDirectory({ "index.ts": "export default 1" });
  const heard: unknown[] = [];
  let wake: () => void = () => undefined;
  const watch = await watchApp({ dir: directory }, (event) => {
    const value = event.type === "failed" ? event.error.message : exportedBy(event);
    heard.push(value);
    wake();
    if (value === 2) throw new TypeError("No room for 2");
    if (value === "No room for 2") throw new TypeError("Nor for its failure");
  });
  onTestFinished(() => watch.close());
  for (const text of ["2", "3"]) {
    const isHeard = new Promise<void>((resolve) => {
      wake = () => heard.includes(Number(text)) && resolve();
    });
    await writeFile(join(directory, "index.ts"), `export default ${text}`);
    await isHeard;
  }
  expect(heard).toEqual([1, 2, "No room for 2", 3]);
});

it("nothing is reported after close", async () => {
  const directory = await appDirectory({ "index.ts": "export default 1" });
  const { watch, events, next } = await startWatch(directory);
  await next();
  await writeFile(join(directory, "index.ts"), "export default 2");
  await watch.close();
  await watch.close();
  expect(events).toEqual([]);
});

it("a directory that is not there is refused at once", async () => {
  await expect(watchApp({ dir: "/nowhere/at/all" }, () => undefined)).rejects.toMatchObject({
    code: "BUNDLE_NO_ENTRY",
  });
});
