import * as server from '../entries/pages/_page.server.js';

export const index = 2;
let component_cache;
export const component = async () => component_cache ??= (await import('../entries/pages/_page.svelte.js')).default;
export { server };
export const server_id = "src/routes/+page.server.js";
export const imports = ["_app/immutable/nodes/2.CiNDCTuV.js","_app/immutable/chunks/xihTtKlq.js","_app/immutable/chunks/e6l3vTCk.js"];
export const stylesheets = ["_app/immutable/assets/2.Dgu6EidX.css"];
export const fonts = [];
