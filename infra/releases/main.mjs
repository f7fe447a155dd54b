/**
 * Fails where the registry has a newer release of the pinned line of Node, or of isolated-vm, that no waiver names:
 * fixes of V8 and of isolated-vm are the inner wall between tenants, and are not to be missed.
 * What cannot be asked is told, and fails nothing.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isNewer, parseVersion, readPins } from "./pins.mjs";
import { listVersions } from "./registry.mjs";
import { hasEnded, readWaivers } from "./waivers.mjs";

const WAIVERS = "infra/releases/waivers.json";
const root = fileURLToPath(new URL("../..", import.meta.url));

/** @param {string} text */
function say(text) {
  process.stdout.write(`releases: ${text}\n`);
}

/**
 * The newest release that all packages of a pin have, or why it is not known.
 * @param {import("./pins.mjs").Pin} pin
 * @returns {Promise<{ newest: string } | { unknown: string }>}
 */
async function findNewest({ version, packages, major }) {
  const answers = await Promise.all(packages.map((name) => listVersions(name, { cwd: root, env: process.env })));
  /** @type {Set<string> | undefined} */
  let common;
  for (const answer of answers) {
    if ("unknown" in answer) return answer;
    const versions = new Set(answer.versions);
    common = common === undefined ? versions : common.intersection(versions);
  }
  if (!common?.has(version)) return { unknown: "its answer does not have the pinned release" };
  const inLine = [...common].filter((each) => {
    const parts = parseVersion(each);
    return parts !== undefined && (major === undefined || parts[0] === major);
  });
  return { newest: inLine.reduce((best, each) => (isNewer(each, best) ? each : best), version) };
}

/**
 * What is said of a pin, and whether it fails the check.
 * @param {import("./pins.mjs").Pin} pin
 * @param {readonly import("./waivers.mjs").Waiver[]} waivers
 * @param {number} nowMs
 */
async function judge(pin, waivers, nowMs) {
  const { name, version } = pin;
  const found = await findNewest(pin);
  if ("unknown" in found) {
    say(`${name} ${version}: the registry could not be asked for newer releases (${found.unknown}); not checked`);
    return true;
  }
  const { newest } = found;
  if (newest === version) {
    say(`${name} ${version} is the newest${pin.major === undefined ? "" : ` of ${pin.major}`}`);
    return true;
  }
  const waiver = waivers.find((each) => each.package === name && each.version === newest);
  if (waiver !== undefined && !hasEnded(waiver, nowMs)) {
    say(`${name} ${version}: ${newest} waits until ${waiver.until}: ${waiver.reason}`);
    return true;
  }
  const ended = waiver === undefined ? "" : `; its waiver ended with ${waiver.until}`;
  say(
    `${name} ${version}: ${newest} is out${ended}. Roll it (infra/README.md, "A new engine"), or name in ${WAIVERS} why not yet: ` +
      '{ "package": "…", "version": "…", "reason": "…", "until": "YYYY-MM-DD" }',
  );
  return false;
}

async function main() {
  const nowMs = Date.now();
  const { pins, problems } = readPins(root);
  const names = pins.map(({ name }) => name);
  const read = pins.length === 0 ? undefined : readWaivers(join(root, WAIVERS), { names, nowMs });
  for (const problem of [...problems, ...(read?.problems ?? [])]) say(problem.replace(root, ""));
  if (read === undefined || read.problems.length > 0) return 1;
  const verdicts = await Promise.all(pins.map((pin) => judge(pin, read.waivers, nowMs)));
  for (const { package: name, version } of read.waivers) {
    const pinned = pins.find((pin) => pin.name === name)?.version ?? "";
    if (!isNewer(version, pinned)) say(`the waiver of ${name} ${version} is needed no more: remove it`);
  }
  return verdicts.every(Boolean) ? 0 : 1;
}

process.exitCode = await main();
