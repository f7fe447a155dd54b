/** In place of `node:async_hooks` within these modules: what would lower an app that did not ask for it. */
export class AsyncResource {}
