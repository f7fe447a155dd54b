import * as server from '../entries/pages/books/_id_/_page.server.js';

export const index = 4;
let component_cache;
export const component = async () => component_cache ??= (await import('../entries/pages/books/_id_/_page.svelte.js')).default;
export { server };
export const server_id = "src/routes/books/[id]/+page.server.js";
export const imports = ["_app/immutable/nodes/4.B5-5nz1v.js","_app/immutable/chunks/xihTtKlq.js","_app/immutable/chunks/e6l3vTCk.js"];
export const stylesheets = [];
export const fonts = [];
