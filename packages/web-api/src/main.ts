/** Composition root of the guest script: what runs at the top level here is paid by every cold start. */
import { installAppGlobal } from "./app.ts";
import { defineInterface } from "./define-global.ts";
import { installEntry } from "./entry.ts";
import { installLazyGlobals } from "./lazy-globals.ts";
import { limitGlobals } from "./limit-globals.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";

limitGlobals();
defineInterface("Request", Request);
defineInterface("Response", Response);
installLazyGlobals();
installAppGlobal();
installEntry();
