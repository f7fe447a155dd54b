/**
 * The steps of set-up, in order: Node, pnpm, dependencies, build.
 *
 * I1 Nothing is fetched but what a lockfile pins with its integrity.
 * I2 No dependency runs a script of its own.
 */
import { existsSync, mkdirSync, readlinkSync, renameSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { runQuietly, StepFailure } from "./child.mjs";
import { clearStamp, hashInputs, isStamped, writeStamp } from "./stamp.mjs";
import { listBuildPackages, listPackages } from "./workspace.mjs";

const OLDEST_NODE_MAJOR = 24;
const OWN_NODE_ARCHITECTURES = ["x64", "arm64"];

const HINT =
  "A package that npm calls optional could not be fetched, perhaps: check the registry, proxy and certificates (npm ping)";

/**
 * @typedef {{ root: string, env: NodeJS.ProcessEnv, progress: ReturnType<typeof import("./progress.mjs").createProgress> }} Setup
 */

/** Why NANO cannot be set up on this machine, or undefined. */
export function findUnsupported() {
  const { platform, arch, version } = process;
  if (platform !== "linux" || !OWN_NODE_ARCHITECTURES.includes(arch)) {
    return `NANO runs on Linux (x64 or arm64), this is ${platform} on ${arch}: use a Linux machine or container`;
  }
  if (nodeMajor(version) < 20) return `Set-up needs Node 20 or newer to begin with, this is ${version}`;
  return undefined;
}

/** Does what is not done yet. Answers the environment for the task. @param {Setup} setup */
export async function setUp(setup) {
  const nodeDirectory = await chooseNode(setup);
  const pnpm = await installPnpm(setup);
  const env = {
    ...setup.env,
    PATH: [nodeDirectory, dirname(pnpm), join(setup.root, "node_modules/.bin"), setup.env.PATH].join(delimiter),
    // The machine's own Node may trust certificates that only the system's store has; ours shall too.
    NODE_USE_SYSTEM_CA: setup.env.NODE_USE_SYSTEM_CA ?? "1",
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
    DO_NOT_TRACK: "1",
  };
  const packages = await installDependencies({ ...setup, env }, pnpm);
  await build({ ...setup, env }, packages);
  return { env, node: join(nodeDirectory, "node") };
}

/** @param {Setup} setup @returns the directory of the `node` to use */
async function chooseNode(setup) {
  const here = join(setup.root, "infra/bootstrap");
  if (nodeMajor(process.version) >= OLDEST_NODE_MAJOR) {
    // Kept for `nanoctl`, which may be started where an older Node is first on the path.
    const link = join(here, "host/node");
    if (!pointsTo(link, process.execPath)) {
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(process.execPath, `${link}.${process.pid}`);
      renameSync(`${link}.${process.pid}`, link);
    }
    return dirname(link);
  }
  const directory = join(here, "node");
  await installPinned(setup, directory, "Node 26 (this machine has an older one)", join("node_modules/.bin/node"));
  return join(directory, "node_modules/.bin");
}

/** @type {(setup: Setup) => Promise<string>} */
async function installPnpm(setup) {
  const directory = join(setup.root, "infra/bootstrap/pnpm");
  const binary = `node_modules/@pnpm/exe.linux-${process.arch}/pnpm`;
  await installPinned(setup, directory, "pnpm", binary);
  return join(directory, binary);
}

/**
 * Installs one of our pinned tools by npm, under the machine's own Node: npm came with that.
 * @type {(setup: Setup, directory: string, label: string, product: string) => Promise<void>}
 */
async function installPinned(setup, directory, label, product) {
  const inputs = [join(directory, "package.json"), join(directory, "package-lock.json")];
  const digest = hashInputs(setup.root, inputs, [process.platform, process.arch]);
  await runStep(setup, label, {
    stampFile: join(directory, "node_modules/.nano-stamp"),
    digest,
    products: [join(directory, product)],
    work: () => runQuietly("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { ...setup, cwd: directory }),
  });
}

/** @type {(setup: Setup, pnpm: string) => Promise<import("./workspace.mjs").WorkspacePackage[]>} */
async function installDependencies(setup, pnpm) {
  const packages = listPackages(setup.root);
  const inputs = ["pnpm-lock.yaml", "pnpm-workspace.yaml"].map((name) => join(setup.root, name));
  await runStep(setup, "dependencies", {
    stampFile: join(setup.root, "node_modules/.nano-install"),
    digest: hashInputs(setup.root, [...inputs, ...packages.map((each) => each.file)], [process.platform, process.arch]),
    products: [join(setup.root, "node_modules/.pnpm")],
    work: () => runQuietly(pnpm, ["install", "--frozen-lockfile", "--ignore-scripts"], { ...setup, cwd: setup.root }),
  });
  return packages;
}

/** @type {(setup: Setup, packages: readonly import("./workspace.mjs").WorkspacePackage[]) => Promise<void>} */
async function build(setup, packages) {
  const { built, inputs } = listBuildPackages(packages);
  const files = [join(setup.root, "pnpm-lock.yaml"), join(setup.root, "turbo.json")];
  await runStep(setup, "build", {
    stampFile: join(setup.root, "node_modules/.nano-build"),
    digest: hashInputs(setup.root, [...files, ...inputs.map((each) => each.directory)], [process.arch]),
    products: built.map((each) => join(each.directory, "dist")),
    work: () =>
      runQuietly(join(setup.root, "node_modules/.bin/turbo"), ["run", "build"], { ...setup, cwd: setup.root }),
  });
}

/**
 * @type {(setup: Setup, label: string, step: {
 *   stampFile: string, digest: string, products: readonly string[], work: () => Promise<void> }) => Promise<void>}
 */
async function runStep({ progress }, label, { stampFile, digest, products, work }) {
  if (isStamped(stampFile, digest) && products.every((path) => existsSync(path))) return;
  clearStamp(stampFile);
  const end = progress.begin(label);
  try {
    await work();
    const missing = products.find((path) => !existsSync(path));
    if (missing !== undefined) throw new StepFailure(`${label} ended without an error but made no ${missing}`, HINT, 1);
  } catch (error) {
    end(false);
    throw error;
  }
  writeStamp(stampFile, digest);
  end(true);
}

/** @type {(link: string, target: string) => boolean} */
function pointsTo(link, target) {
  try {
    return readlinkSync(link) === target;
  } catch {
    return false; // none yet
  }
}

/** @param {string} version */
function nodeMajor(version) {
  return Number.parseInt(version.slice(1), 10);
}
