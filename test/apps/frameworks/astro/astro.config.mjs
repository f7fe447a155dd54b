import cloudflare from "@astrojs/cloudflare";
import { defineConfig } from "astro/config";

export default defineConfig({
  adapter: cloudflare({ imageService: "passthrough" }),
  build: { client: "../assets", server: "./" },
  outDir: "built",
  output: "server",
});
