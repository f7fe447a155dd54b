import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import type { WireError } from "@nano/protocol/errors";
import {
  type ArtifactAnswer,
  artifactAnswerSchema,
  buildEventSchema,
  type DeployRequestInput,
  type RoutesBody,
  type RoutesBodyInput,
  registryPaths,
  routesBodySchema,
  type VersionAnswer,
  versionAnswerSchema,
  wireErrorSchema,
} from "@nano/protocol/registry-api";
import { assetPackOf, digestOf } from "./open-test-registry.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Operator's token of registries in tests. */
export const OPERATOR_TOKEN = `nano_${"0".repeat(16)}_${"A".repeat(43)}`;

/** The API as a client sees it; every answer is held against its schema. */
export class ApiClient {
  readonly #base: string;
  readonly #authorization: Record<string, string>;

  constructor(base: string, token: string | null = OPERATOR_TOKEN) {
    this.#base = base;
    this.#authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  }

  /** The same API, asked by somebody else. */
  as(token: string | null): ApiClient {
    return new ApiClient(this.#base, token);
  }

  async send(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const isJson = !(options.body === undefined || typeof options.body === "string" || options.body instanceof Buffer);
    const response = await fetch(this.#base + path, {
      method,
      headers: {
        ...this.#authorization,
        ...(isJson ? { "content-type": "application/json" } : {}),
        ...options.headers,
      },
      ...(options.body === undefined
        ? {}
        : { body: isJson ? JSON.stringify(options.body) : (options.body as string | Buffer<ArrayBuffer>) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }

  async upload(
    content: string | Buffer,
    digest: ArtifactDigest = digestOf(content),
  ): Promise<Answer & { digest: ArtifactDigest }> {
    const answer = await this.send("PUT", registryPaths.artifact(digest), { body: content });
    if (answer.status < 300) artifactAnswerSchema.parse(answer.body) satisfies ArtifactAnswer;
    return { ...answer, digest };
  }

  /** Uploads an asset pack of one file, and answers its digest. */
  async uploadAssets(text: string): Promise<ArtifactDigest> {
    return (await this.upload(assetPackOf(text))).digest;
  }

  /** Uploads a bundle and deploys it. */
  async deploy(app: string, bundle: string, settings: Partial<DeployRequestInput> = {}): Promise<VersionAnswer> {
    const { digest } = await this.upload(bundle);
    return this.deployAs(app, { manifest: {}, bundle: digest, activate: true, ...settings });
  }

  async deployAs(app: string, request: DeployRequestInput): Promise<VersionAnswer> {
    const { status, body } = await this.send("POST", registryPaths.versions(app as AppName), { body: request });
    if (status >= 300) throw new Error(JSON.stringify(body));
    return versionAnswerSchema.parse(body);
  }

  async version(app: string, version: VersionId): Promise<VersionAnswer> {
    return versionAnswerSchema.parse((await this.send("GET", registryPaths.version(app as AppName, version))).body);
  }

  /** Follows a build to its end. */
  async events(app: string, version: VersionId) {
    const response = await fetch(this.#base + registryPaths.versionEvents(app as AppName, version), {
      headers: this.#authorization,
    });
    const lines = (await response.text()).split("\n").filter((line) => line !== "");
    return lines.map((line) => buildEventSchema.parse(JSON.parse(line)));
  }

  async activeVersion(app: string): Promise<VersionId | null> {
    const { body } = await this.send("GET", registryPaths.apps);
    const { apps } = body as { apps: { name: string; activeVersion: VersionId | null }[] };
    return apps.find(({ name }) => name === app)?.activeVersion ?? null;
  }

  async putRoutes(body: RoutesBodyInput): Promise<RoutesBody | WireError> {
    const answer = await this.send("PUT", registryPaths.routes, { body });
    return answer.status === 200 ? routesBodySchema.parse(answer.body) : wireErrorSchema.parse(answer.body);
  }
}
