/** Deploys by nanoctl, and a ledger of those that were acknowledged: each must be there, whatever happened since. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askHttp } from "../../support/http-answer.ts";
import type { Nanoctl } from "./nanoctl.ts";
import type { Service } from "./service.ts";
import { ROUTER_PORT } from "./service-settings.ts";

const SILENCE_MS = 10_000;
/** A change of routes reaches every router within a second; what is cold starts. */
const SERVED_WITHIN_MS = 5_000;
const ASK_AGAIN_MS = 50;

export interface DeployAnswer {
  readonly app: string;
  readonly version: string;
  readonly activeVersion: string | null;
}

export interface DeployOptions {
  /** Name of the app, and the first part of its host name. */
  readonly name: string;
  readonly source: string;
  /** What its nano.json says. @default none */
  readonly manifest?: object;
  readonly flags?: readonly string[];
}

/** The module of an app that answers one text. */
export function appThatSays(text: string): string {
  return `export default { fetch() { return new Response(${JSON.stringify(text)}) } }`;
}

export class Deploys {
  readonly #nanoctl: Nanoctl;
  readonly #directory: string;
  readonly #acknowledged = new Map<string, string>();
  #count = 0;

  /** `directory`: where apps are written. */
  constructor(nanoctl: Nanoctl, directory: string) {
    this.#nanoctl = nanoctl;
    this.#directory = directory;
  }

  hostOf(name: string): string {
    return `${name}.localhost`;
  }

  async deploy({ name, source, manifest, flags = [] }: DeployOptions): Promise<DeployAnswer> {
    const directory = join(this.#directory, `${name}-${this.#count++}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "index.js"), source);
    if (manifest !== undefined) writeFileSync(join(directory, "nano.json"), JSON.stringify(manifest));
    const args = ["deploy", directory, "--app", name, "--route", this.hostOf(name), ...flags];
    return this.#nanoctl.run<DeployAnswer>(args);
  }

  /** Deploys an app that says this, and remembers it once it is acknowledged. */
  async say(name: string, text: string): Promise<DeployAnswer> {
    const answer = await this.deploy({ name, source: appThatSays(text) });
    this.#acknowledged.set(name, text);
    return answer;
  }

  /** What routers answer otherwise than was acknowledged, after the time that a change may take. */
  async findMissing(routers: readonly Service[]): Promise<readonly string[]> {
    const ask = async (router: Service, name: string, text: string): Promise<string | null> => {
      const place = { host: router.spec.host.address, port: ROUTER_PORT, path: "/", silenceMs: SILENCE_MS };
      const deadlineMs = performance.now() + SERVED_WITHIN_MS;
      for (;;) {
        const answer = await askHttp(place, { headers: { host: this.hostOf(name) } });
        if (answer.status === 200 && answer.text === text) return null;
        if (performance.now() > deadlineMs) {
          return `${router.name}: ${name} answers ${answer.status} ${answer.text.slice(0, 80)} and not ${text}`;
        }
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    };
    const asked = routers.flatMap((router) => [...this.#acknowledged].map(([name, text]) => ask(router, name, text)));
    return (await Promise.all(asked)).filter((missing) => missing !== null);
  }
}
