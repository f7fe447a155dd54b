/**
 * A process that gives V8 what it is told to, whatever becomes of it: `make FILE`, `restore FILE`, `compile FILE`, `run FILE`.
 * Prints what the guest answers.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { webApiScripts } from "@nano/isolate/engine";
import ivm from "isolated-vm";

const ATTACH_SECRET = "00";

const APP = `
  const table = new Map(Array.from({ length: 500 }, (_, i) => ["k" + i, i]));
  globalThis.answer = () => ["answer-of-the-app", table.get("k77"), typeof __nano_attach__("${ATTACH_SECRET}", () => 0, "{}")].join();`;
const SCRIPT = `const text = "answer-of-the-app"; globalThis.answer = () => text;`;

/** What the types of isolated-vm leave out. */
interface CachedScript extends ivm.Script {
  readonly cachedData?: ivm.ExternalCopy<ArrayBuffer>;
  readonly cachedDataRejected?: boolean;
}

const [task = "", file = "", webApiEdit = ""] = process.argv.slice(2);

function webApi(): { code: string }[] {
  const [from = "", to = ""] = webApiEdit.split("=>");
  return webApiScripts(ATTACH_SECRET).map((code) => ({ code: from === "" ? code : code.replaceAll(from, to) }));
}

function readCopy(): ivm.ExternalCopy<ArrayBuffer> {
  return new ivm.ExternalCopy(new Uint8Array(readFileSync(file)).buffer);
}

function ask(isolate: ivm.Isolate, script?: ivm.Script): string {
  const context = isolate.createContextSync();
  script?.runSync(context);
  return String(context.evalSync("answer()"));
}

function perform(): string {
  switch (task) {
    case "make": {
      const copy = ivm.Isolate.createSnapshot([...webApi(), { code: APP }]);
      writeFileSync(file, new Uint8Array(copy.copy()));
      return "made";
    }
    case "restore":
      return ask(new ivm.Isolate({ snapshot: readCopy() }));
    case "compile": {
      const script: CachedScript = new ivm.Isolate().compileScriptSync(SCRIPT, { produceCachedData: true });
      const { cachedData } = script;
      if (cachedData === undefined) return "no cached data";
      writeFileSync(file, new Uint8Array(cachedData.copy()));
      return "made";
    }
    case "run": {
      const isolate = new ivm.Isolate();
      const script: CachedScript = isolate.compileScriptSync(SCRIPT, { cachedData: readCopy() });
      return script.cachedDataRejected === true ? "rejected" : ask(isolate, script);
    }
    default:
      return "no such task";
  }
}

process.stdout.write(perform());
