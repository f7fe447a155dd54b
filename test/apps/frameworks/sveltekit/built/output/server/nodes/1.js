

export const index = 1;
let component_cache;
export const component = async () => component_cache ??= (await import('../entries/pages/_error.svelte.js')).default;
export const imports = ["_app/immutable/nodes/1.FUmRKZYu.js","_app/immutable/chunks/xihTtKlq.js","_app/immutable/chunks/TuAxvSGS.js","_app/immutable/chunks/e6l3vTCk.js","_app/immutable/chunks/DhDyfBZy.js"];
export const stylesheets = [];
export const fonts = [];
