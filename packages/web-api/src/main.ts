/** Composition root of the guest script: what runs at the top level here is paid by every cold start. */
import { installAppGlobal } from "./app.ts";
import { defineAttribute, defineInterface } from "./define-global.ts";
import { installEntry } from "./entry.ts";
import { installLazyGlobals } from "./lazy-globals.ts";
import { limitGlobals } from "./limit-globals.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";

const scope = globalThis;

limitGlobals();
defineInterface("Request", Request);
defineInterface("Response", Response);
defineAttribute("self", () => scope);
installLazyGlobals();
installAppGlobal();
installEntry();
