import * as universal from '../entries/pages/about/_page.js';

export const index = 3;
let component_cache;
export const component = async () => component_cache ??= (await import('../entries/pages/about/_page.svelte.js')).default;
export { universal };
export const universal_id = "src/routes/about/+page.js";
export const imports = ["_app/immutable/nodes/3.B9yBQUiL.js","_app/immutable/chunks/xihTtKlq.js","_app/immutable/chunks/TuAxvSGS.js","_app/immutable/chunks/e6l3vTCk.js"];
export const stylesheets = [];
export const fonts = [];
