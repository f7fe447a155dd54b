import * as server from '../entries/pages/fail/_page.server.js';

export const index = 6;
let component_cache;
export const component = async () => component_cache ??= (await import('../entries/pages/fail/_page.svelte.js')).default;
export { server };
export const server_id = "src/routes/fail/+page.server.js";
export const imports = ["_app/immutable/nodes/6.Dbtc_n_v.js","_app/immutable/chunks/xihTtKlq.js","_app/immutable/chunks/TuAxvSGS.js","_app/immutable/chunks/e6l3vTCk.js"];
export const stylesheets = [];
export const fonts = [];
