/** What is pinned of the engine: Node, as set-up has it (a test keeps images to the same), and isolated-vm. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * `packages` hold one version between them: a release counts once all of them have it. `major` keeps to a line.
 * @typedef {{ name: string, version: string, packages: readonly string[], major?: number }} Pin
 */

const NODE_PINS = "infra/bootstrap/node/package.json";
const CATALOG = "pnpm-workspace.yaml";

/**
 * The pins, and what is wrong with them, in sentences.
 * @param {string} root of the checkout
 * @returns {{ pins: Pin[], problems: string[] }}
 */
export function readPins(root) {
  const read = (/** @type {string} */ path) => readFileSync(join(root, path), "utf8");
  const nodes = Object.entries(JSON.parse(read(NODE_PINS)).optionalDependencies ?? {});
  const isolatedVm = /^ {2}"?isolated-vm"?: "?(\d+\.\d+\.\d+)"?$/m.exec(read(CATALOG))?.[1];
  const version = String(nodes[0]?.[1]);
  const problems = [];
  if (parseVersion(version) === undefined || nodes.some(([, each]) => each !== version)) {
    problems.push(`${NODE_PINS} pins no one release of Node: give all of its packages the same version`);
  }
  if (isolatedVm === undefined) problems.push(`${CATALOG} pins no one release of isolated-vm`);
  if (problems.length > 0 || isolatedVm === undefined) return { pins: [], problems };
  const major = parseVersion(version)?.[0] ?? 0;
  return {
    pins: [
      { name: "node", version, packages: nodes.map(([name]) => name), major },
      { name: "isolated-vm", version: isolatedVm, packages: ["isolated-vm"] },
    ],
    problems,
  };
}

/**
 * The numbers of a release; undefined for what is none, or is one ahead of its time (`1.2.3-rc.1`).
 * @param {string} text
 * @returns {[number, number, number] | undefined}
 */
export function parseVersion(text) {
  const [, major, minor, patch] = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/**
 * @param {string} a a release
 * @param {string} b
 */
export function isNewer(a, b) {
  const ofB = parseVersion(b) ?? [0, 0, 0];
  const differing = (parseVersion(a) ?? [0, 0, 0]).map((part, i) => part - (ofB[i] ?? 0)).find((part) => part !== 0);
  return (differing ?? 0) > 0;
}
