/** Small apps that tests write to disk, each to show one thing. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FixtureApp {
  readonly hostname: string;
  readonly source: string;
  /** Further modules beside its entry, by their names. */
  readonly modules?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** What the config file says under `server`, beside its ports. */
export type FixtureServer = Readonly<Record<string, unknown>>;

/** A directory with a config file and one entry per app. */
export class Fixture {
  readonly #server: FixtureServer;
  readonly directory = mkdtempSync(join(tmpdir(), "nano-fixture-"));
  #apps: readonly FixtureApp[] = [];

  constructor(apps: readonly FixtureApp[], server: FixtureServer = {}) {
    this.#server = server;
    this.write(apps);
  }

  get configFile(): string {
    return join(this.directory, "nano.config.json");
  }

  get args(): string[] {
    return ["--config", this.configFile];
  }

  entryOf(hostname: string): string {
    return join(this.directory, folderOf(hostname), "index.js");
  }

  write(apps: readonly FixtureApp[]): void {
    this.#apps = apps;
    for (const { hostname, source, modules = {} } of apps) {
      this.edit(hostname, source);
      for (const [name, text] of Object.entries(modules)) {
        writeFileSync(join(this.directory, folderOf(hostname), name), text);
      }
    }
    const entries = this.#apps.map(({ hostname, settings }) => ({
      hostname,
      entrypoint: `${folderOf(hostname)}/index.js`,
      ...settings,
    }));
    writeFileSync(
      this.configFile,
      JSON.stringify({ server: { port: 0, admin_port: 0, ...this.#server }, apps: entries }),
    );
  }

  /** What its entry module was first. */
  sourceOf(hostname: string): string {
    return this.#apps.find((app) => app.hostname === hostname)?.source ?? "";
  }

  edit(hostname: string, source: string): void {
    mkdirSync(join(this.directory, folderOf(hostname)), { recursive: true });
    writeFileSync(this.entryOf(hostname), source);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function folderOf(hostname: string): string {
  return hostname.replace("*.", "");
}
