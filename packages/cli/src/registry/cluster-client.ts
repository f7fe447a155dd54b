/** The app-registry as whoever runs apps on a cluster sees it. */
import type { IncomingMessage } from "node:http";
import type { AppName, VersionId } from "@nano/protocol/brands";
import {
  type AppAnswer,
  type AppRoutesRequestInput,
  type AuditEntry,
  appAnswerSchema,
  auditAnswerSchema,
  type NewTokenAnswer,
  type NodeAnswer,
  newTokenAnswerSchema,
  nodesAnswerSchema,
  type QuarantinedVersionAnswer,
  quarantineAnswerSchema,
  type RolloutRequestInput,
  type Route,
  registryPaths,
  routesBodySchema,
  type SecretsAnswer,
  secretsAnswerSchema,
  type TokenRequestInput,
  tokensAnswerSchema,
  type VersionAnswer,
  versionsAnswerSchema,
  type WhoAmIAnswer,
  whoAmIAnswerSchema,
} from "@nano/protocol/registry-api";
import type { z } from "zod";
import { errors } from "../errors.ts";
import { type RegistryClient, registryClientOver } from "./registry-client.ts";
import type { RegistryTransport } from "./registry-transport.ts";

export type TokenAnswers = z.infer<typeof tokensAnswerSchema>["tokens"];

export interface ClusterClient extends RegistryClient {
  whoAmI(): Promise<WhoAmIAnswer>;
  /** @throws CTL_APP_UNKNOWN */
  readApp(app: AppName): Promise<AppAnswer>;
  /** Newest first. */
  listVersions(app: AppName): Promise<readonly VersionAnswer[]>;
  /** @param inPlaceOf refused where another one serves by now, null: any; unset: whatever serves */
  activate(app: AppName, version: VersionId, inPlaceOf?: VersionId | null): Promise<AppAnswer>;
  rollBack(app: AppName, version: VersionId | null): Promise<AppAnswer>;
  promote(app: AppName): Promise<AppAnswer>;
  /** Begins a rollout, or changes its share. */
  setRollout(app: AppName, rollout: RolloutRequestInput): Promise<AppAnswer>;
  stopRollout(app: AppName): Promise<AppAnswer>;
  /** All, or those of one app. */
  listRoutes(app: AppName | null): Promise<readonly Route[]>;
  replaceAppRoutes(app: AppName, routes: AppRoutesRequestInput["routes"]): Promise<readonly Route[]>;
  listSecrets(app: AppName): Promise<SecretsAnswer>;
  setSecret(app: AppName, name: string, value: string): Promise<SecretsAnswer>;
  removeSecret(app: AppName, name: string): Promise<SecretsAnswer>;
  listNodes(): Promise<readonly NodeAnswer[]>;
  listQuarantined(): Promise<readonly QuarantinedVersionAnswer[]>;
  liftQuarantine(app: AppName): Promise<AppAnswer>;
  listTokens(): Promise<TokenAnswers>;
  createToken(request: TokenRequestInput): Promise<NewTokenAnswer>;
  revokeToken(id: string): Promise<void>;
  /** Newest first. */
  readAudit(limitCount: number): Promise<readonly AuditEntry[]>;
  /** Lines of an app's output from now on. */
  openLogs(app: AppName): Promise<IncomingMessage>;
}

/** Every method throws what `RegistryTransport` does. */
export function clusterClientOver(transport: RegistryTransport): ClusterClient {
  const get = <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    transport.sendJson({ method: "GET", path }, schema);
  const post = (path: string, body?: unknown): Promise<AppAnswer> =>
    transport.sendJson({ method: "POST", path, ...(body === undefined ? {} : { body }) }, appAnswerSchema);
  const registry = registryClientOver(transport);
  return {
    ...registry,
    whoAmI: () => get(registryPaths.whoAmI, whoAmIAnswerSchema),
    async readApp(app) {
      const apps = await registry.listApps();
      const found = apps.find(({ name }) => name === app);
      if (found === undefined) throw errors.APP_UNKNOWN({ app, known: apps.slice(0, 20).map(({ name }) => name) });
      return found;
    },
    listVersions: async (app) => (await get(registryPaths.versions(app), versionsAnswerSchema)).versions,
    activate: (app, version, inPlaceOf) => post(registryPaths.activate(app), { version, inPlaceOf }),
    rollBack: (app, version) => post(registryPaths.rollback(app), { version }),
    promote: (app) => post(registryPaths.promote(app)),
    setRollout: (app, body) =>
      transport.sendJson({ method: "PUT", path: registryPaths.rollout(app), body }, appAnswerSchema),
    stopRollout: (app) => transport.sendJson({ method: "DELETE", path: registryPaths.rollout(app) }, appAnswerSchema),
    async listRoutes(app) {
      const path = app === null ? registryPaths.routes : registryPaths.appRoutes(app);
      return (await get(path, routesBodySchema)).routes;
    },
    async replaceAppRoutes(app, routes) {
      const call = { method: "PUT", path: registryPaths.appRoutes(app), body: { routes } } as const;
      return (await transport.sendJson(call, routesBodySchema)).routes;
    },
    listSecrets: (app) => get(registryPaths.secrets(app), secretsAnswerSchema),
    setSecret: (app, name, value) =>
      transport.sendJson(
        { method: "PUT", path: registryPaths.secret(app, name), body: { value } },
        secretsAnswerSchema,
      ),
    removeSecret: (app, name) =>
      transport.sendJson({ method: "DELETE", path: registryPaths.secret(app, name) }, secretsAnswerSchema),
    listQuarantined: async () => (await get(registryPaths.quarantine, quarantineAnswerSchema)).versions,
    liftQuarantine: (app) => post(registryPaths.liftQuarantine(app)),
    listNodes: async () => (await get(registryPaths.nodes, nodesAnswerSchema)).nodes,
    listTokens: async () => (await get(registryPaths.tokens, tokensAnswerSchema)).tokens,
    createToken: (body) =>
      transport.sendJson({ method: "POST", path: registryPaths.tokens, body }, newTokenAnswerSchema),
    async revokeToken(id) {
      await transport.send({ method: "DELETE", path: registryPaths.token(encodeURIComponent(id)) });
    },
    readAudit: async (limitCount) =>
      (await get(`${registryPaths.audit}?limit=${limitCount}`, auditAnswerSchema)).entries,
    openLogs: (app) => transport.open(registryPaths.logs(app)),
  };
}
