import adapter from "@sveltejs/adapter-cloudflare";

export default { kit: { adapter: adapter(), outDir: "built", version: { name: "1" } } };
