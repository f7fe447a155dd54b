import type { AppName } from "@nano/protocol/brands";
import type { AppRecord } from "@nano/protocol/records";
import { errors } from "../errors.ts";
import type { Author } from "./author.ts";
import type { Catalog } from "./catalog.ts";

/** Lets versions of an app share workers again: executors forgive what they had done until then. @throws REGISTRY_NOT_FOUND */
export function liftQuarantine(catalog: Catalog, name: AppName, author: Author): Promise<AppRecord> {
  return catalog.transact((tx) => {
    const app = tx.app(name);
    if (app === null) throw errors.NOT_FOUND({ what: `app ${name}` });
    const lifted: AppRecord = { ...app, quarantineLiftedAt: new Date().toISOString() };
    tx.put(lifted);
    tx.note("quarantine.lift", `app/${name}`, {});
    return lifted;
  }, author);
}
