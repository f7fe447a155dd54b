/**
 * The apps of attacks, as a NANO serves them. Building an app costs a second, so attacks of a group whose settings are the same share one: each
 * is a module of it, asked for by the first segment of the path. What builders warm up is no attack.
 */
import type { Fixture, FixtureApp, FixtureServer } from "../../support/fixtures.ts";
import type { NanoProcess } from "../../support/nano-process.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import type { AttackTarget, Tenant } from "./attack.ts";
import type { NamedAttack } from "./corpus.ts";
import { INTERNET } from "./outbound.ts";

/** What its config file says under `server`: clients that are slow are waited for as long as one whose machine is loaded takes. */
export const ATTACKED_SERVER: FixtureServer = {
  egress_allowed_ranges: [`${INTERNET}/32`],
  headers_timeout_ms: 3_000,
  request_timeout_ms: 4_000,
  stall_timeout_ms: 2_000,
};

const DEFAULT_CPU_MS = 50;

export interface AttackedNano {
  readonly nano: NanoProcess;
  readonly fixture: Fixture;
  /** See `AttackTarget`. */
  readonly connectionCount: number;
  readonly isShort?: boolean;
}

interface Placed {
  readonly attack: NamedAttack;
  readonly hostname: string;
}

export class AttackApps {
  /** What the config file has of them. */
  readonly apps: readonly FixtureApp[];
  readonly #hosts = new Map<string, string>();

  constructor(attacks: readonly NamedAttack[]) {
    const shared = new Map<string, Placed[]>();
    const apps: FixtureApp[] = [];
    for (const attack of attacks) {
      const { tenant, victim, group, name } = attack;
      if (victim !== undefined) apps.push(appOf(victimHostOf(attack), victim.settings, [[name, victim]]));
      if (tenant === undefined) continue;
      const isAlone = tenant.isAlone === true || attack.harm !== undefined;
      const key = isAlone ? attack.id : `${group} ${JSON.stringify(tenant.settings ?? {})}`;
      const placed = shared.get(key) ?? [];
      shared.set(key, placed);
      const hostname = placed[0]?.hostname ?? `${name}.${group}.localhost`;
      placed.push({ attack, hostname });
      this.#hosts.set(attack.id, hostname);
    }
    for (const placed of shared.values()) {
      const modules = placed.flatMap(({ attack: { name, tenant } }): [string, Tenant][] =>
        tenant === undefined ? [] : [[name, tenant]],
      );
      const [first] = placed;
      if (first !== undefined) apps.push(appOf(first.hostname, first.attack.tenant?.settings, modules));
    }
    this.apps = apps;
  }

  aim(attack: NamedAttack, attacked: AttackedNano): AttackTarget {
    const { nano } = attacked;
    const host = this.#hosts.get(attack.id) ?? "";
    const pathOf = (query = ""): string => `/${attack.name}${query}`;
    return {
      ...attacked,
      host,
      path: pathOf(),
      ask: (query, options) => nano.ask(host, pathOf(query), options),
      upgrade: (query) => RawWebSocket.ask({ port: nano.port, host, path: pathOf(query) }),
      askVictim: (query, options) => nano.ask(victimHostOf(attack), pathOf(query), options),
    };
  }
}

/** The longest CPU limit that is in force. */
export function longestCpuMs(apps: readonly FixtureApp[]): number {
  const limits = apps.map(({ settings }) => settings?.limits as { cpu_time_ms?: number } | undefined);
  return Math.max(DEFAULT_CPU_MS, ...limits.map((limit) => limit?.cpu_time_ms ?? 0));
}

function victimHostOf({ group, name }: NamedAttack): string {
  return `${name}.victim.${group}.localhost`;
}

function appOf(hostname: string, settings: Tenant["settings"], modules: readonly [string, Tenant][]): FixtureApp {
  const imports = modules.map(([name], i) => `import m${i} from "./${name}.js";`);
  const table = modules.map(([name], i) => `"/${name}": m${i}`);
  return {
    hostname,
    source: `${imports.join("\n")}
const modules = { ${table.join(", ")} };
export default { fetch(request, env, ctx) {
  const found = modules[new URL(request.url).pathname];
  return found === undefined ? new Response("ready") : found.fetch(request, env, ctx);
} };`,
    modules: Object.fromEntries(modules.map(([name, { source }]) => [`${name}.js`, source])),
    settings: settings ?? {},
  };
}
