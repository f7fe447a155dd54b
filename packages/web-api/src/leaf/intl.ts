/**
 * Which Intl an app gets: the engine's own, or, if it is touched while the app initialises, one whose objects can be in a heap
 * snapshot. It stays the same in all contexts of the app.
 */
import { isInitialising } from "../host.ts";
import { EngineIntl } from "./intrinsics.ts";

// The build turns this into the call of the module's wrapper: most apps touch Intl in requests, if at all.
interface Modules {
  "./deferred-intl.ts": typeof import("./deferred-intl.ts");
  "./intl-clock.ts": typeof import("./intl-clock.ts");
}
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

export function loadIntl(): object {
  require("./intl-clock.ts").useClockInIntl();
  return isInitialising() ? require("./deferred-intl.ts").createDeferredIntl() : EngineIntl;
}
