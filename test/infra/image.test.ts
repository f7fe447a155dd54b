/** The image, without a container engine: what the Dockerfile copies and runs is copied and run in a folder of its own. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SERVICES } from "./service-facts.ts";
import { ROOT, readText } from "./yaml-files.ts";

const TIMEOUT_MS = 60_000;

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** Instructions by stage, each on one line. */
function readStages(): Map<string, Instruction[]> {
  const stages = new Map<string, Instruction[]>();
  let current: Instruction[] = [];
  const lines = readText("infra/docker/Dockerfile")
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n\s*/g, "");
  for (const line of lines.split("\n")) {
    const [, name, text] = /^([A-Z]+) (.+)$/.exec(line.trim()) ?? [];
    if (name === undefined || text === undefined) continue;
    if (name === "FROM") {
      current = [];
      stages.set(text.split(" AS ")[1] ?? text, current);
    }
    current.push({ name, text });
  }
  return stages;
}

const stages = readStages();
const ignored = readText("infra/docker/Dockerfile.dockerignore")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const directory = mkdtempSync(join(tmpdir(), "nano-image-"));
const pnpm = join(ROOT, `infra/bootstrap/pnpm/node_modules/@pnpm/exe.linux-${process.arch}`);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Whether the build sees a path: the last line that matches it or a folder above decides. */
function isInContext(path: string): boolean {
  const parts = path.split("/");
  const above = parts.map((_part, index) => parts.slice(0, index + 1).join("/"));
  let isSeen = true;
  for (const line of ignored) {
    const pattern = line.replace(/^!/, "");
    if (above.some((each) => ignorePattern(pattern).test(each))) isSeen = line.startsWith("!");
  }
  return isSeen;
}

/** As Docker reads it: a star takes dots at the beginning of a name, too. */
function ignorePattern(text: string): RegExp {
  const source = text.replaceAll(".", "\\.").replaceAll("**/", "(?:.+/)?").replaceAll(/\*/g, "[^/]*");
  return new RegExp(`^${source}$`);
}

/** Does what a stage's instructions do, in `root` for `/app`. */
function follow(stage: string, root: string, service: string): void {
  for (const { name, text } of stages.get(stage) ?? []) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a Dockerfile's own
    const line = text.replaceAll("${SERVICE}", service);
    if (name === "COPY" && !line.startsWith("--from")) copy(line, root);
    if (name === "RUN" && !line.startsWith("npm ci")) {
      const command = line.replace(/pnpm install/, "pnpm install --offline");
      execFileSync("sh", ["-c", command], {
        cwd: root,
        env: { ...process.env, PATH: `${dirname(process.execPath)}:${pnpm}:${process.env.PATH}` },
        stdio: ["ignore", "ignore", "inherit"],
      });
    }
  }
}

function copy(line: string, root: string): void {
  const words = line.split(" ");
  const target = words.pop() ?? "";
  for (const source of words) {
    const to = target === "./" ? join(root, basename(source)) : join(root, target);
    cpSync(join(ROOT, source), to, {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => {
        const relative = path.slice(ROOT.length).replace(/\/$/, "");
        return (
          isInContext(relative) || (statSync(path).isDirectory() && !/node_modules|dist|test/.test(basename(path)))
        );
      },
    });
  }
}

beforeAll(() => {
  const root = join(directory, "guest");
  mkdirSync(root);
  follow("workspace", root, "");
  follow("guest", root, "");
}, TIMEOUT_MS);

test("the base has the Node that set-up installs", () => {
  const { optionalDependencies } = JSON.parse(readText("infra/bootstrap/node/package.json")) as {
    optionalDependencies: Record<string, string>;
  };
  const version = /^ARG NODE_IMAGE=node:([\d.]+)-[a-z]+-slim$/m.exec(readText("infra/docker/Dockerfile"))?.[1];
  expect([...new Set(Object.values(optionalDependencies))]).toEqual([version]);
  // Of one Debian: Node's binary is linked against its libraries.
  expect(readText("infra/docker/Dockerfile")).toMatch(/node:[\d.]+-(\w+)-slim\nARG RUNTIME_IMAGE=debian:\1-slim\n/);
});

test("whatever is copied exists and is not ignored", () => {
  const copies = [...stages.values()].flat().filter(({ name, text }) => name === "COPY" && !text.startsWith("--from"));
  expect(copies.length).toBeGreaterThan(3);
  for (const { text } of copies) {
    for (const source of text.split(" ").slice(0, -1)) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a Dockerfile's own
      const path = source.replace("${SERVICE}", "router");
      expect([path, existsSync(join(ROOT, path)), isInContext(path)]).toEqual([path, true, true]);
    }
  }
  for (const path of [
    "packages/link/test",
    "packages/cli/src",
    "node_modules",
    ".git",
    "services/router/node_modules",
  ]) {
    expect(isInContext(path), path).toBe(false);
  }
});

test("it runs as nobody, and asks the admin port for its health", () => {
  const runtime = stages.get("runtime") ?? [];
  const last = (name: string): string => runtime.filter((each) => each.name === name).at(-1)?.text ?? "";
  expect(last("USER")).toBe("10001:10001");
  expect(last("HEALTHCHECK")).toContain(`http://127.0.0.1:${last("EXPOSE")}/healthz`);
  expect(last("ENTRYPOINT")).toBe('["node", "main.ts"]');
  const kubernetes = globSync("infra/k8s/base/*.yaml", { cwd: ROOT }).map((path) =>
    readFileSync(join(ROOT, path), "utf8"),
  );
  for (const text of kubernetes.filter((each) => each.includes("runAsUser")))
    expect(text).toContain("runAsUser: 10001");
});

/** Entries whose source is run in a folder, though they were built. */
function staleEntries(root: string, service: string): string[] {
  const code = `import { entryFile } from "@nano/service-kit/entry-file";
    import { globSync } from "node:fs";
    const sources = globSync("src/**/{main,*.main,*.thread}.ts").map((path) => new URL(path, "file://" + process.cwd() + "/"));
    const built = globSync("dist/*.js").length;
    const stale = sources.filter((source) => entryFile(source) === source).map(String);
    console.log(JSON.stringify(built > 0 ? stale : []));`;
  const args = ["--input-type=module-typescript", "-e", code];
  const cwd = join(root, "services", service);
  return JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: "utf8" })) as string[];
}

test.each([...SERVICES.keys()])(
  "the image of %s holds what the service needs to run, and no more",
  (service) => {
    const root = join(directory, service);
    mkdirSync(root);
    follow("workspace", root, service);
    follow("service", root, service);
    const entries = join(directory, `entries-${service}`);
    mkdirSync(entries);
    follow("workspace", entries, service);
    follow("entries", entries, service);
    const dist = { recursive: true, preserveTimestamps: true } as const;
    cpSync(join(directory, "guest/packages/web-api/dist"), join(root, "packages/web-api/dist"), dist);
    cpSync(
      join(directory, `entries-${service}/services`, service, "dist"),
      join(root, "services", service, "dist"),
      dist,
    );
    const printed = execFileSync(process.execPath, ["main.ts", "--print-config-table"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(printed).toContain(`\`${SERVICES.get(service)?.prefix}_ADMIN_ADDRESS\``);
    expect(readdirSync(root).sort()).toEqual([
      "main.ts",
      "node_modules",
      "package.json",
      "packages",
      "pnpm-lock.yaml",
      "pnpm-workspace.yaml",
      "services",
    ]);
    expect(readdirSync(join(root, "services"))).toEqual([service]);
    expect(staleEntries(root, service)).toEqual([]);
    const installed = readdirSync(join(root, "node_modules/.pnpm"));
    for (const tool of ["typescript@", "vitest@", "turbo@"]) {
      expect(installed.filter((name) => name.startsWith(tool))).toEqual([]);
    }
  },
  TIMEOUT_MS,
);
