/** Versions that ended workers again and again: executors name them, operators forgive. */
import { appAnswerSchema, quarantineAnswerSchema } from "@nano/protocol/registry-api";
import type { Catalog } from "../catalog/catalog.ts";
import { liftQuarantine } from "../catalog/lift-quarantine.ts";
import { countVersions, showApp } from "./answers.ts";
import type { ApiRouter } from "./api-router.ts";
import { operation } from "./operation.ts";
import { showQuarantine } from "./show-quarantine.ts";

export function serveQuarantineRoutes(router: ApiRouter, { catalog }: { readonly catalog: Catalog }): void {
  router.serve(
    operation("/v1/quarantine", {
      method: "get",
      access: "look",
      summary: "Versions that ended workers again and again, and are served apart",
      answers: { 200: quarantineAnswerSchema },
    }),
    ({ c }) => c.json({ versions: showQuarantine(catalog.state) }),
  );

  router.serve(
    operation("/v1/apps/{app}/quarantine/lift", {
      method: "post",
      access: "operate",
      summary: "Forgives what an app's versions did to workers until now",
      answers: { 200: appAnswerSchema },
    }),
    async ({ c, params: { app }, author }) => {
      const lifted = await liftQuarantine(catalog, app, author);
      return c.json(showApp(catalog.state, lifted, countVersions(catalog.state, app)));
    },
  );
}
