/** The running machine: its services, its admin endpoint and its apps as one thing that a plan is applied to. */
import { isDeepStrictEqual } from "node:util";
import type { AppName } from "@nano/protocol/brands";
import type { AdminServer } from "@nano/service-kit/admin-server";
import { loadTrustedKeys } from "@nano/sliver/signing-key";
import type { AppPlan, RunPlan, ServerSettings } from "../config/config-file.ts";
import { type Listener, showAppTable } from "../output/app-table.ts";
import { formatOutcome, formatSecrets } from "../output/outcome-lines.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import { createRegistryClient, type RegistryClient } from "../registry/registry-client.ts";
import { openAdminEndpoint } from "./admin-endpoint.ts";
import { openAppSource } from "./app-source.ts";
import { awaitRouted } from "./await-routed.ts";
import { checkPort } from "./check-port.ts";
import { Deployer, type PlanChange } from "./deployer.ts";
import type { DeploymentOutcome } from "./deployment.ts";
import { Launcher } from "./launcher.ts";
import type { Addresses } from "./service-process.ts";
import { adminAddress, describeServices, type Places, registryAddress, ServiceName } from "./services.ts";
import { watchDirectory } from "./watch-directory.ts";
import type { FileWatch } from "./watch-file.ts";

const REPLACE_GRACE_MS = 5000;
/** What the router calls the address that clients reach. */
const ROUTER_ADDRESS = "http";
const PORT_WORDS = { option: "--port", key: "server.port" };
const ADMIN_PORT_WORDS = { option: "--admin-port", key: "server.admin_port" };

export interface MachineOptions {
  readonly places: Places;
  readonly terminal: Terminal;
  readonly isVerbose: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface MachineChange extends PlanChange {
  /** The address that clients reach is another. */
  readonly isMoved: boolean;
}

export class Machine {
  readonly #options: MachineOptions;
  readonly #registry: RegistryClient;
  readonly #deployer: Deployer;
  #launcher: Launcher | null = null;
  #admin: AdminServer | null = null;
  /** A key that is trusted from now on lets slivers in that were refused. */
  #keyWatch: FileWatch | null = null;
  #server: ServerSettings | null = null;
  #listener: Listener = { host: "127.0.0.1", port: 0 };
  #isDeployed = false;
  readonly #closing = new AbortController();
  readonly #steps = new Map<string, string>();

  constructor(options: MachineOptions) {
    this.#options = options;
    const { terminal, places } = options;
    const { trustedDirectory } = places.keys;
    const tellOfBuild = (plan: AppPlan, text: string): void => {
      for (const each of printable(text).split("\n")) terminal.line(`${plan.name} (build) | ${each}`);
    };
    this.#registry = createRegistryClient(registryAddress(places), this.#closing.signal);
    this.#deployer = new Deployer({
      registry: this.#registry,
      openSource: (plan, onChange) =>
        openAppSource(plan, {
          loadTrustedKeys: () => loadTrustedKeys(trustedDirectory),
          onChange,
          onWarning: (text) => tellOfBuild(plan, text),
        }),
      onStep: (plan, step) => {
        this.#steps.set(plan.name, step);
        this.#showSteps();
      },
      onLog: tellOfBuild,
      onOutcome: (plan, outcome) => {
        this.#steps.delete(plan.name);
        this.#showSteps();
        if (this.isClosed) return;
        for (const line of formatOutcome(plan.name, outcome, terminal)) terminal.line(line);
      },
      onSecrets: (plan, outcome) => {
        if (this.isClosed) return;
        for (const line of formatSecrets(plan.name, outcome, terminal)) terminal.line(line);
      },
    });
  }

  /** It is ending, or has ended. */
  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Starts the services: the router when the registry has the plan's routes, so that no host of the plan is ever unknown. @throws CTL_SERVICE_NOT_STARTED, CTL_PORT_IN_USE */
  async start(plan: RunPlan): Promise<void> {
    const { server } = plan;
    const { places, terminal, isVerbose, env } = this.#options;
    await checkPort({ ...server, ...PORT_WORDS });
    terminal.status("starting the services");
    this.#keyWatch = watchDirectory(places.keys.trustedDirectory, () => this.#deployer.retry());
    const launcher = new Launcher({ specs: describeServices(places, server, env), terminal, isVerbose });
    this.#launcher = launcher;
    this.#server = server;
    this.#admin = await this.#openAdmin(server.adminPort);
    const addresses = await launcher.start(() => this.#deployer.announce(plan));
    this.#keepPort(addresses[ServiceName.ROUTER] ?? {});
    terminal.status(null);
  }

  /** Brings services and apps to what a plan says; what it serves, a request made after this is served. */
  async apply(plan: RunPlan): Promise<MachineChange> {
    const before = this.#listener;
    await this.#applyServer(plan.server);
    const change = await this.#deployer.apply(plan);
    await this.#awaitRouted();
    this.#isDeployed = true;
    return { ...change, isMoved: before.host !== this.#listener.host || before.port !== this.#listener.port };
  }

  /** Shows what a changed plan brought. */
  showChange({ deployed, removed, isMoved }: MachineChange): void {
    const { terminal } = this.#options;
    for (const name of removed) terminal.line(`- ${name}: no longer served`);
    if (isMoved || this.#deployer.deployments.length === 0) this.showApps();
    else if (deployed.size > 0) this.#showTable((name) => deployed.has(name));
    else if (removed.length === 0) terminal.line("No app changed");
  }

  showApps(): void {
    const { terminal } = this.#options;
    if (this.#deployer.deployments.length === 0) {
      terminal.line(terminal.paint("yellow", "Nothing is served: the config file has no apps"));
    } else {
      this.#showTable(() => true);
    }
    if (this.#admin === null) return;
    terminal.line();
    terminal.line(`metrics and health: http://${this.#admin.address}/metrics /healthz /readyz`);
  }

  #showTable(isShown: (name: AppName) => boolean): void {
    const shown = this.#deployer.deployments.filter(({ plan }) => isShown(plan.name));
    const rows = shown.map(({ plan, outcome }) => ({
      app: plan.name,
      routes: plan.routes,
      state: outcome?.kind ?? ("failed" as const),
      note: noteOf(outcome),
    }));
    showAppTable(rows, this.#listener, this.#options.terminal);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.#closing.abort();
    this.#keyWatch?.close();
    this.#options.terminal.status("ending");
    // Services first: a deploy under way then fails at once instead of being waited for.
    await this.#launcher?.close();
    await Promise.all([this.#deployer.close(), this.#admin?.close()]);
    this.#options.terminal.status(null);
  }

  kill(): void {
    this.#launcher?.kill();
  }

  async #awaitRouted(): Promise<void> {
    const { places, terminal } = this.#options;
    const missing = await awaitRouted({
      readPosition: () => this.#registry.readPosition(),
      router: adminAddress(places, ServiceName.ROUTER),
      executor: adminAddress(places, ServiceName.EXECUTOR),
      signal: this.#closing.signal,
    });
    if (missing === null || this.isClosed) return;
    terminal.line(terminal.paint("yellow", `What follows may not be served yet: ${missing}`));
  }

  async #applyServer(server: ServerSettings): Promise<void> {
    const before = this.#server;
    if (before === null || this.#launcher === null) return;
    this.#server = server;
    if (server.egressAllowedRanges.join() !== before.egressAllowedRanges.join()) {
      const { terminal } = this.#options;
      terminal.line(terminal.paint("yellow", "server.egress_allowed_ranges is taken up at the next start"));
    }
    if (server.debugHeaders !== before.debugHeaders) {
      const { terminal } = this.#options;
      terminal.line(terminal.paint("yellow", "server.debug_headers is taken up at the next start"));
    }
    if (!isDeepStrictEqual(server.clientTimeouts, before.clientTimeouts)) {
      const { terminal } = this.#options;
      terminal.line(terminal.paint("yellow", "Timeouts of clients under server are taken up at the next start"));
    }
    if (server.adminPort !== before.adminPort) {
      const next = await this.#openAdmin(server.adminPort);
      await this.#admin?.close();
      this.#admin = next;
    }
    if (server.host === before.host && server.port === before.port) return;
    // On the same port it is our own router that listens.
    if (server.port !== before.port) await checkPort({ ...server, ...PORT_WORDS });
    const router = this.#launcher.find(ServiceName.ROUTER);
    try {
      this.#keepPort(await router.replace(this.#routerEnv(server), REPLACE_GRACE_MS));
    } catch (error) {
      // The new address cannot be had: back to the old one.
      this.#server = before;
      this.#keepPort(await router.replace(this.#routerEnv(this.#listener), REPLACE_GRACE_MS));
      throw error;
    }
  }

  #routerEnv({ host, port }: Pick<ServerSettings, "host" | "port">): Readonly<Record<string, string>> {
    const { places, env } = this.#options;
    if (this.#server === null) return {};
    const services = describeServices(places, { ...this.#server, host, port }, env);
    return services.find((each) => each.name === ServiceName.ROUTER)?.env ?? {};
  }

  /** A router that is started again takes the port that the first one was given. */
  #keepPort(addresses: Addresses): void {
    const { host, port } = this.#server ?? { host: "127.0.0.1", port: 0 };
    const bound = addresses[ROUTER_ADDRESS];
    this.#listener = { host, port: bound === undefined ? port : Number(bound.slice(bound.lastIndexOf(":") + 1)) };
    this.#launcher?.find(ServiceName.ROUTER).setEnv(this.#routerEnv(this.#listener));
  }

  async #openAdmin(port: number): Promise<AdminServer> {
    await checkPort({ host: "127.0.0.1", port, ...ADMIN_PORT_WORDS });
    return openAdminEndpoint({
      port,
      services: this.#launcher?.services ?? [],
      addressOf: (service) => adminAddress(this.#options.places, service),
      isDeployed: () => this.#isDeployed,
      onError: (path, error) => this.#options.terminal.line(`admin ${path}: ${printable(String(error))}`),
    });
  }

  #showSteps(): void {
    const [first] = this.#steps;
    const more = this.#steps.size > 1 ? ` and ${this.#steps.size - 1} more` : "";
    this.#options.terminal.status(first === undefined ? null : `${first[0]}: ${first[1]}${more}`);
  }
}

function noteOf(outcome: DeploymentOutcome | null): string {
  if (outcome === null) return "";
  return outcome.kind === "serving" ? outcome.note : outcome.error.code;
}
