/** The registry's HTTP API, as a program uses it. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleApp } from "@nano/bundle/bundle-app";
import type { AppName, ArtifactDigest } from "@nano/protocol/brands";
import { registryPaths, type VersionAnswer } from "@nano/protocol/registry-api";
import { eventually } from "@nano/test-kit/eventually";

const BUILD_TIMEOUT_MS = 60_000;

export interface AppSource {
  readonly hostname: string;
  readonly source: string;
}

export class RegistryApi {
  readonly #url: string;
  readonly #hosts = new Map<string, AppName>();

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws with status and text of an answer that is no success */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(`${this.#url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
      headers: { "content-type": isBytes ? "application/octet-stream" : "application/json" },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? null : JSON.parse(text)) as T;
  }

  /** Uploads the bundle and posts the version, to be activated once it is built; does not wait for that. */
  async post({ hostname, source }: AppSource): Promise<VersionAnswer> {
    const app = appNameOf(hostname);
    const directory = mkdtempSync(join(tmpdir(), "nano-app-"));
    try {
      writeFileSync(join(directory, "index.js"), source);
      const { artifact, manifest } = await bundleApp({ entrypoint: join(directory, "index.js") });
      const bytes = Buffer.from(JSON.stringify(artifact));
      const bundle = createHash("sha256").update(bytes).digest("hex") as ArtifactDigest;
      await this.call("PUT", registryPaths.artifact(bundle), bytes);
      await this.call("PUT", registryPaths.app(app));
      this.#hosts.set(hostname, app);
      const routes = [...this.#hosts].map(([host, name]) => ({ host, app: name }));
      await this.call("PUT", registryPaths.routes, { routes });
      return await this.call("POST", registryPaths.versions(app), { manifest, bundle, activate: true });
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  /** Until the app serves that version. @throws where its build fails */
  async deploy(source: AppSource): Promise<VersionAnswer> {
    const { app, version } = await this.post(source);
    let answer = await this.call<VersionAnswer>("GET", registryPaths.version(app, version));
    const isActive = async (): Promise<boolean> => {
      answer = await this.call<VersionAnswer>("GET", registryPaths.version(app, version));
      if (answer.state === "failed") throw new Error(`${app} was not built: ${JSON.stringify(answer.error)}`);
      return answer.isActive;
    };
    await eventually(isActive, { timeoutMs: BUILD_TIMEOUT_MS });
    return answer;
  }
}

function appNameOf(hostname: string): AppName {
  return hostname.split(".")[0] as AppName;
}
