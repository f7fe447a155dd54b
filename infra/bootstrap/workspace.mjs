/** Finds the packages of the workspace, without any dependency. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {{ directory: string, file: string, manifest: {
 *   name?: string, scripts?: Record<string, string>,
 *   dependencies?: Record<string, string>, devDependencies?: Record<string, string> } }} WorkspacePackage
 */

/**
 * @param {string} root
 * @returns {WorkspacePackage[]} the root's own package first
 */
export function listPackages(root) {
  const directories = [root, ...readPatterns(root).flatMap((pattern) => expand(root, pattern))];
  return directories.map((directory) => {
    const file = join(directory, "package.json");
    return { directory, file, manifest: JSON.parse(readFileSync(file, "utf8")) };
  });
}

/**
 * What the build reads: packages with a build script, and their dependencies within the workspace.
 * @param {readonly WorkspacePackage[]} packages
 */
export function listBuildPackages(packages) {
  const byName = new Map(packages.map((each) => [each.manifest.name, each]));
  const [, ...members] = packages;
  const built = members.filter((each) => each.manifest.scripts?.build !== undefined);
  const inputs = new Set(built);
  for (const each of inputs) {
    for (const name of Object.keys({ ...each.manifest.dependencies, ...each.manifest.devDependencies })) {
      const dependency = byName.get(name);
      if (dependency !== undefined) inputs.add(dependency);
    }
  }
  return { built, inputs: [...inputs] };
}

/** The list under `packages:` of pnpm-workspace.yaml. @param {string} root */
function readPatterns(root) {
  const lines = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8").split("\n");
  const first = lines.indexOf("packages:") + 1;
  const patterns = [];
  for (const line of lines.slice(first)) {
    const match = /^ {2}- "?([^"]+?)"?$/.exec(line);
    if (match === null) break;
    patterns.push(match[1]);
  }
  return patterns;
}

/** @type {(root: string, pattern: string) => string[]} */
function expand(root, pattern) {
  if (!pattern.endsWith("/*")) return existsSync(join(root, pattern, "package.json")) ? [join(root, pattern)] : [];
  const parent = join(root, pattern.slice(0, -2));
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .sort()
    .map((name) => join(parent, name))
    .filter((directory) => existsSync(join(directory, "package.json")));
}
