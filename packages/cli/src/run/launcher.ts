/**
 * The process tree of one machine: registry first, then builder, executor and router.
 *
 * I1 `close` leaves no process, started or starting.
 * I2 The router ends first, so that requests that were taken are answered.
 */
import { formatLogLine } from "../output/log-lines.ts";
import type { Terminal } from "../output/terminal.ts";
import { type Addresses, ServiceProcess, type ServiceSpec } from "./service-process.ts";

/** From asking a service to end until it is killed. */
const STOP_GRACE_MS = 5000;

export interface LauncherOptions {
  /** In the order of their start; the first is up before the others begin, the last ends first. */
  readonly specs: readonly ServiceSpec[];
  readonly terminal: Terminal;
  readonly isVerbose: boolean;
}

export class Launcher {
  readonly services: readonly ServiceProcess[];
  readonly #terminal: Terminal;
  #isClosing = false;

  constructor({ specs, terminal, isVerbose }: LauncherOptions) {
    this.#terminal = terminal;
    this.services = specs.map(
      (spec) =>
        new ServiceProcess({
          spec,
          onLine: (line) => this.#show(formatLogLine(line, terminal, { service: spec.name, isVerbose })),
          onLost: (why) => {
            terminal.line(terminal.paint("yellow", `${spec.name} ended (${why}): starting it again`));
          },
          onBack: () => {
            terminal.line(terminal.paint("green", `${spec.name} is back`));
          },
        }),
    );
  }

  /**
   * Answers where each service listens, by its name.
   * @param prepare what is to be done once the first service is up, before the others begin
   * @throws CTL_SERVICE_NOT_STARTED, and what `prepare` throws
   */
  async start(prepare: () => Promise<void>): Promise<Readonly<Record<string, Addresses>>> {
    const [first, ...others] = this.services;
    const started: [string, Addresses][] = [];
    if (first !== undefined) started.push([first.name, await first.start()]);
    if (this.#isClosing) return {};
    await prepare();
    if (this.#isClosing) return {};
    const rest = others.map(async (service): Promise<[string, Addresses]> => [service.name, await service.start()]);
    // All have settled before a failure is told: its `close` must find every process.
    const settled = await Promise.allSettled(rest);
    const failed = settled.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    for (const each of settled) if (each.status === "fulfilled") started.push(each.value);
    return Object.fromEntries(started);
  }

  find(name: string): ServiceProcess {
    const service = this.services.find((each) => each.name === name);
    if (service === undefined) throw new RangeError(`Service is unknown: ${name}`);
    return service;
  }

  /** Ends all services. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const [first, ...others] = this.services;
    const last = others.pop();
    await last?.stop(STOP_GRACE_MS);
    await Promise.all(others.map((service) => service.stop(STOP_GRACE_MS)));
    await first?.stop(STOP_GRACE_MS);
  }

  /** Kills all services: for a second interrupt. */
  kill(): void {
    for (const service of this.services) service.kill();
  }

  async #show(lines: readonly string[]): Promise<void> {
    for (const line of lines) if (!this.#terminal.line(line)) await this.#terminal.drained();
  }
}
