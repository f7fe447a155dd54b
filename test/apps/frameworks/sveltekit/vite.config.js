import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

/** What the output imports of packages is in it: it is kept without them. */
export default defineConfig({ build: { minify: true }, plugins: [sveltekit()], ssr: { noExternal: true } });
