/**
 * Runs a file of `cases/` as the app that it is, in an isolate of its own, and compares how its tests ended with what is expected: all hold, but those that
 * `expected-failures.json` names with a reason.
 */
import { readdirSync, readFileSync } from "node:fs";
import { bundleApp } from "@nano/bundle/bundle-app";
import { AppIsolate } from "@nano/isolate/app-isolate";
import type { GuestHost } from "@nano/isolate/isolate";
import type { AppName } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { askIsolate } from "../../support/ask-isolate.ts";
import { readIdl } from "./idl/read-idl.ts";
import { type NodeCache, openNodeCache } from "./node-cache.ts";

const CASES = new URL("cases/", import.meta.url);
/** Its cases ask a cache. */
const CACHE_AREA = "cache";
/** The files that run the web platform tests' own data. */
const DATA_FILES = [
  "url/IdnaTestV2",
  "url/percent-encoding",
  "url/setters",
  "url/toascii",
  "url/urltestdata",
  "urlpattern/urlpatterntestdata",
];
/** Of the bundled cases, none of which is met by accident. */
const LIMITS = {
  subrequestCount: 10_000,
  cpuTimeMs: 20_000,
  timeoutMs: 60_000,
  waitUntilMs: 5_000,
  initTimeMs: 10_000,
};

export interface TestResult {
  readonly name: string;
  /** Null: it holds. */
  readonly failure: string | null;
}

export interface FileResult {
  /** Without its extension: the interface. */
  readonly name: string;
  /** Whether its tests are made from the web platform tests' data. */
  readonly isData: boolean;
  readonly tests: readonly TestResult[];
  /** By the name of the test: why it fails. */
  readonly expectedFailures: Readonly<Record<string, string>>;
}

/** The names of the areas that have cases. */
export function listAreas(): readonly string[] {
  const folders = readdirSync(CASES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => name).sort();
}

/** The files of an area, without their extension. */
export function listFiles(area: string): readonly string[] {
  const files = readdirSync(new URL(`${area}/`, CASES)).filter((file) => file.endsWith(".js"));
  return files.map((file) => file.slice(0, -".js".length)).sort();
}

/** @throws where the file does not bundle, or its app does not answer */
export async function runFile(area: string, name: string): Promise<FileResult> {
  const { artifact } = await bundleApp({ entrypoint: new URL(`${area}/${name}.js`, CASES).pathname });
  const errors: string[] = [];
  const cache = area === CACHE_AREA ? await openNodeCache() : null;
  const isolate = AppIsolate.restore({
    app: "conformance" as AppName,
    source: { rung: "source", script: artifact?.script ?? "" },
    isolation: "app",
    limits: { ...resolveManifest({}).limits, ...LIMITS },
    envJson: JSON.stringify(environmentOf(area)),
    host: hostOf(errors, cache),
  });
  try {
    const { status, text, failed } = await askIsolate(isolate, "http://conformance.test/");
    if (status !== 200) throw new Error(`${area}/${name}: ${failed ?? status} ${text} ${errors.join("\n")}`);
    const isData = DATA_FILES.includes(`${area}/${name}`);
    return { name, isData, tests: JSON.parse(text), expectedFailures: readExpectedFailures(area)[name] ?? {} };
  } finally {
    isolate.dispose();
    await cache?.close();
  }
}

/** Data that is not in the case itself. */
function environmentOf(area: string): Readonly<Record<string, string>> {
  return area === "idl" ? { IDL: JSON.stringify(readIdl()) } : {};
}

/** What does not end as expected, a sentence each. */
export function listSurprises({ tests, expectedFailures }: FileResult): readonly string[] {
  const unknown = Object.keys(expectedFailures).filter((name) => !tests.some((test) => test.name === name));
  const surprises = tests
    .filter(({ name, failure }) => (failure !== null) !== Object.hasOwn(expectedFailures, name))
    .map(({ name, failure }) =>
      failure === null ? `${name}: holds, and is listed as failing` : `${name}: ${failure}`,
    );
  return [...surprises, ...unknown.map((name) => `${name}: listed as failing, and there is no such test`)];
}

function readExpectedFailures(area: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return JSON.parse(readFileSync(new URL(`${area}/expected-failures.json`, CASES), "utf8"));
}

/** Without a way out: what needs one is seen end to end. */
function hostOf(errors: string[], cache: NodeCache | null): GuestHost {
  return {
    beginEntry: () => undefined,
    endEntry: () => undefined,
    log: ({ level, text }) => level === "error" && errors.push(text),
    openFetch: (head, listener) => {
      if (head.cache !== undefined && cache !== null) return cache.openFetch(head, listener);
      // Later: an isolate is never entered from within an entry.
      setImmediate(() => listener.onError("There is no network"));
      return {
        writeBody: () => true,
        endBody: () => undefined,
        pull: () => undefined,
        cancel: () => undefined,
      };
    },
  };
}
