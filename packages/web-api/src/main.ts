/** Composition root of the guest script: what runs at the top level here is paid by every cold start. */
import { installAppGlobal } from "./app.ts";
import { defineInterface } from "./define-global.ts";
import { installEntry } from "./entry.ts";
import { installGlobalEvents } from "./fetch-event.ts";
import { Headers } from "./headers.ts";
import { installLeaves } from "./leaf/index.ts";
import { limitGlobals } from "./limit-globals.ts";
import { installPerformance } from "./performance.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import { installScope } from "./scope.ts";
import { installStreams } from "./streams.ts";
import { installTextStreams } from "./text-streams.ts";
import { installTimers } from "./timers.ts";

limitGlobals();
defineInterface("Headers", Headers);
defineInterface("Request", Request);
defineInterface("Response", Response);
installLeaves();
installStreams();
installTextStreams();
installTimers();
installPerformance();
installScope();
installGlobalEvents();
installAppGlobal();
installEntry();
