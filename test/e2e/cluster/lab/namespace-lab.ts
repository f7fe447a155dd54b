/**
 * A lab of network namespaces on one bridge. The root namespace, where tests and load generators run, has the bridge's own address.
 *
 *   root namespace ── bridge nb<lab> ──┬── veth nv<lab>x0 ── eth0 of namespace nano-lab-<pid>-<lab>-<host>
 *                                      └── …
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import type { Host, Lab, WireFault } from "./lab.ts";
import { isOwnerGone, NAME_PREFIX, onProcessEnd } from "./lab-owner.ts";

const NAMESPACES = "/run/netns";
const MAX_HOSTS = 200;
const FIRST_HOST_NUMBER = 10;
/** Of the private range; one /24 for each lab. */
const FIRST_NET = 200;
const NET_COUNT = 50;

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

const ip = (...args: string[]): string => run("ip", args);

/** For what may be gone already. */
function attempt(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

let areAllowed: boolean | null = null;

/** Whether this process may make namespaces and bridges. */
export function areNamespacesAllowed(): boolean {
  if (areAllowed === null) {
    const name = `${NAME_PREFIX}${process.pid}-probe`;
    const link = `nb${process.pid}p`;
    const enter = ["nsenter", [`--net=${NAMESPACES}/${name}`, "setpriv", "--pdeathsig", "KILL", "true"]] as const;
    areAllowed =
      attempt(() => ip("netns", "add", name)) &&
      attempt(() => ip("link", "add", link, "type", "bridge")) &&
      attempt(() => run(...enter));
    attempt(() => ip("link", "del", link));
    attempt(() => ip("netns", "del", name));
  }
  return areAllowed;
}

function knowsNetem(namespace: string): boolean {
  const tc = (...args: string[]): string => run("tc", ["-n", namespace, "qdisc", ...args]);
  const isKnown = attempt(() => tc("add", "dev", "lo", "root", "netem", "delay", "1ms"));
  if (isKnown) attempt(() => tc("del", "dev", "lo", "root"));
  return isKnown;
}

function namespacesOf(prefix: string): string[] {
  try {
    return readdirSync(NAMESPACES).filter((name) => name.startsWith(prefix));
  } catch {
    return []; // never was one
  }
}

function killIn(namespace: string): void {
  attempt(() => {
    for (const pid of ip("netns", "pids", namespace).split("\n")) {
      if (pid !== "") attempt(() => process.kill(Number(pid), "SIGKILL"));
    }
  });
}

function removeNamespace(name: string): void {
  killIn(name);
  attempt(() => ip("netns", "del", name));
}

/** Removes what labs left whose process was killed. */
export function sweepLabs(): void {
  for (const name of namespacesOf(NAME_PREFIX)) {
    if (isOwnerGone(Number(name.slice(NAME_PREFIX.length).split("-")[0]))) removeNamespace(name);
  }
  attempt(() => {
    for (const [, link = "", pid] of ip("-o", "link").matchAll(/^\d+: (n[bv](\d+)[a-z]\w*)/gm)) {
      if (isOwnerGone(Number(pid))) attempt(() => ip("link", "del", link));
    }
  });
}

let labCount = 0;

export class NamespaceLab implements Lab {
  readonly kind = "namespaces";
  readonly canDelay: boolean;
  readonly canLose: boolean;
  readonly #prefix: string;
  readonly #bridge: string;
  readonly #links: string;
  readonly #net: string;
  readonly #hosts: NamespaceHost[] = [];
  readonly #forget: () => void;

  constructor() {
    sweepLabs();
    // A name of a link has 15 characters.
    const lab = `${process.pid}${String.fromCharCode(97 + (labCount++ % 26))}`;
    this.#prefix = `${NAME_PREFIX}${process.pid}-${lab.slice(-1)}-`;
    this.#bridge = `nb${lab}`;
    this.#links = `nv${lab}`;
    this.#forget = onProcessEnd(() => this.close());
    ip("link", "add", this.#bridge, "type", "bridge");
    this.#net = this.#takeNet();
    ip("link", "set", this.#bridge, "up");
    const probe = `${this.#prefix}probe`;
    ip("netns", "add", probe);
    this.canDelay = knowsNetem(probe);
    this.canLose = this.canDelay;
    removeNamespace(probe);
  }

  addHost(name: string): Host {
    const index = this.#hosts.length;
    if (index === MAX_HOSTS) throw new Error(`A lab has at most ${MAX_HOSTS} hosts`);
    const host = new NamespaceHost(name, {
      namespace: `${this.#prefix}${name}`,
      link: `${this.#links}${index}`,
      bridge: this.#bridge,
      address: `${this.#net}.${FIRST_HOST_NUMBER + index}`,
    });
    this.#hosts.push(host);
    return host;
  }

  close(): void {
    this.#forget();
    for (const name of namespacesOf(this.#prefix)) removeNamespace(name);
    for (const { link } of this.#hosts) attempt(() => ip("link", "del", link));
    attempt(() => ip("link", "del", this.#bridge));
  }

  /** The first net of ours that nobody on this machine has a route to. */
  #takeNet(): string {
    const routes = ip("-4", "-o", "route", "show", "table", "all");
    for (let i = 0; i < NET_COUNT; i++) {
      const net = `10.${FIRST_NET + i}.${process.pid % 256}`;
      if (routes.includes(`${net}.`)) continue;
      ip("addr", "add", `${net}.1/24`, "dev", this.#bridge);
      return net;
    }
    throw new Error(`All ${NET_COUNT} nets for labs are taken`);
  }
}

interface HostPlace {
  readonly namespace: string;
  /** The bridge's end of its wire. */
  readonly link: string;
  readonly bridge: string;
  readonly address: string;
}

class NamespaceHost implements Host {
  readonly name: string;
  readonly #place: HostPlace;

  constructor(name: string, place: HostPlace) {
    this.name = name;
    this.#place = place;
    const { namespace, link, bridge, address } = place;
    ip("netns", "add", namespace);
    ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    ip("link", "set", link, "master", bridge, "up");
    ip("-n", namespace, "addr", "add", `${address}/24`, "dev", "eth0");
    for (const device of ["eth0", "lo"]) ip("-n", namespace, "link", "set", device, "up");
  }

  get address(): string {
    return this.#place.address;
  }

  get link(): string {
    return this.#place.link;
  }

  publish(port: number): string {
    return `${this.address}:${port}`;
  }

  reach(published: string): string {
    return published;
  }

  spawn(argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    // Both replace themselves by what they start, so that signals meet it.
    const enter = [`--net=${NAMESPACES}/${this.#place.namespace}`, "setpriv", "--pdeathsig", "KILL", ...argv];
    return spawn("nsenter", enter, { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  }

  killAll(): void {
    killIn(this.#place.namespace);
  }

  cut(): void {
    // This end: were the host's own down, its routes would go, and its processes be told.
    ip("link", "set", this.link, "down");
  }

  heal(): void {
    ip("link", "set", this.link, "up");
  }

  setFault(fault: WireFault | null): void {
    const tc = (...args: string[]): string => run("tc", ["-n", this.#place.namespace, "qdisc", ...args]);
    if (fault === null) {
      attempt(() => tc("del", "dev", "eth0", "root"));
      return;
    }
    const loss = fault.lossRatio === undefined ? [] : ["loss", `${fault.lossRatio * 100}%`];
    tc("replace", "dev", "eth0", "root", "netem", "delay", `${fault.delayMs}ms`, ...loss);
  }
}
