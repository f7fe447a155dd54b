/**
 * A lab without rights: each host is an address of 127.0.0.0/8, and what crosses between hosts goes through proxies, one for each
 * published port and one for each place that a host reaches.
 *
 * A server that tells others its address (a replica, a Sentinel) is reached past the proxies: only what is published or reached by
 * name is cut.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { FaultProxy } from "./fault-proxy.ts";
import type { Host, Lab, WireFault } from "./lab.ts";
import { onProcessEnd } from "./lab-owner.ts";

const MAX_HOSTS = 120;
/** Above what services listen on, below what the kernel gives to clients. */
const FIRST_REACH_PORT = 20_000;
let labCount = 0;

export class LoopbackLab implements Lab {
  readonly kind = "loopback";
  readonly canDelay = true;
  readonly canLose = false;
  readonly #hosts: LoopbackHost[] = [];
  readonly #net: string;
  readonly #forget: () => void;

  constructor() {
    this.#net = `127.${64 + ((process.pid >> 8) & 63) + 64 * (labCount++ % 2)}.${process.pid & 255}`;
    this.#forget = onProcessEnd(() => this.close());
  }

  addHost(name: string): Host {
    const index = this.#hosts.length;
    if (index === MAX_HOSTS) throw new Error(`A lab has at most ${MAX_HOSTS} hosts`);
    // Its own address, and the one that others know.
    const host = new LoopbackHost(name, `${this.#net}.${2 + 2 * index}`, `${this.#net}.${3 + 2 * index}`);
    this.#hosts.push(host);
    return host;
  }

  close(): void {
    this.#forget();
    for (const host of this.#hosts) host.close();
  }
}

function parseAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

class LoopbackHost implements Host {
  readonly name: string;
  readonly address: string;
  readonly #publicAddress: string;
  readonly #proxies: FaultProxy[] = [];
  readonly #places = new Map<string, string>();
  readonly #children = new Set<ChildProcess>();
  #isCut = false;

  constructor(name: string, address: string, publicAddress: string) {
    this.name = name;
    this.address = address;
    this.#publicAddress = publicAddress;
  }

  publish(port: number): string {
    return this.#once(`:${port}`, { host: this.#publicAddress, port }, `${this.address}:${port}`);
  }

  reach(published: string): string {
    return this.#once(published, { host: this.address, port: FIRST_REACH_PORT + this.#places.size }, published);
  }

  spawn(argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const [command = "", ...args] = argv;
    const child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that all that it starts can be killed with it.
      detached: true,
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  killAll(): void {
    for (const { pid } of this.#children) {
      if (pid === undefined) continue;
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
  }

  cut(): void {
    this.#isCut = true;
    for (const proxy of this.#proxies) proxy.setCut(true);
  }

  heal(): void {
    this.#isCut = false;
    for (const proxy of this.#proxies) proxy.setCut(false);
  }

  setFault(fault: WireFault | null): void {
    for (const proxy of this.#proxies) proxy.setFault(fault);
  }

  close(): void {
    this.killAll();
    for (const proxy of this.#proxies) proxy.close();
  }

  /** The proxy for a place, which is made when it is first asked for. */
  #once(place: string, listen: { host: string; port: number }, target: string): string {
    const known = this.#places.get(place);
    if (known !== undefined) return known;
    const proxy = new FaultProxy(listen, parseAddress(target));
    proxy.setCut(this.#isCut);
    this.#proxies.push(proxy);
    const address = `${listen.host}:${listen.port}`;
    this.#places.set(place, address);
    return address;
  }
}
