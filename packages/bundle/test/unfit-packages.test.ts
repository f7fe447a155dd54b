import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundleApp } from "@nano/bundle/bundle-app";
import { UNFIT_PACKAGES } from "@nano/bundle/unfit-packages";
import { expect, it } from "vitest";
import { appDirectory } from "./app-directory.ts";

const COMPATIBILITY = fileURLToPath(new URL("../../web-api/COMPATIBILITY.md", import.meta.url));

it.each([...UNFIT_PACKAGES])(
  "a package that does not run is told where it is imported first: %s",
  async (name, why) => {
    const dir = await appDirectory({
      "index.js": `import "./more.js";\nexport { default } from "${name}";`,
      "more.js": `import one from "${name}"; globalThis.one = one;`,
      [`node_modules/${name}/package.json`]: JSON.stringify({ name, main: "index.js" }),
      [`node_modules/${name}/index.js`]: "module.exports = {};",
    });
    const { warnings, artifact } = await bundleApp({ dir });
    expect(artifact).not.toBeNull();
    expect(warnings.map(({ text }) => text)).toEqual([`Package ${name} does not run in NANO: ${why}`]);
    expect(warnings[0]?.file).toMatch(/^(?:index|more)\.js$/);
  },
);

it("a package that is only called like one is not meant", async () => {
  const dir = await appDirectory({
    "index.js": 'export { default } from "ws-like";',
    "node_modules/ws-like/package.json": '{"name":"ws-like","main":"index.js"}',
    "node_modules/ws-like/index.js": "module.exports = {};",
  });
  expect((await bundleApp({ dir })).warnings).toEqual([]);
});

it.each([...UNFIT_PACKAGES])("the compatibility table says the same of %s", (name, why) => {
  const rows = readFileSync(COMPATIBILITY, "utf8").split("\n");
  expect(rows.map((row) => row.replace(/ +/g, " "))).toContain(`| \`${name}\` | ${why} |`);
});
