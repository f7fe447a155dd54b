import * as server from '../entries/pages/deferred/_page.server.js';

export const index = 5;
let component_cache;
export const component = async () => component_cache ??= (await import('../entries/pages/deferred/_page.svelte.js')).default;
export { server };
export const server_id = "src/routes/deferred/+page.server.js";
export const imports = ["_app/immutable/nodes/5.Cd-3F7os.js","_app/immutable/chunks/xihTtKlq.js","_app/immutable/chunks/e6l3vTCk.js"];
export const stylesheets = [];
export const fonts = [];
