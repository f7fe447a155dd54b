import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AssetPack, checkAssetPack, packAssets } from "@nano/sliver/asset-pack";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "./temporary-directory.ts";

async function siteWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(await temporaryDirectory(), "assets");
  await mkdir(directory);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(directory, path, ".."), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return directory;
}

async function openPack(site: string): Promise<AssetPack> {
  const path = join(await temporaryDirectory(), "pack");
  await writeFile(path, await packAssets(site));
  const pack = AssetPack.open(path);
  onTestFinished(() => pack.close());
  return pack;
}

it("finds files by path, directories by their index.html", async () => {
  const pack = await openPack(
    await siteWith({ "index.html": "home", "style.css": "a{}", "docs/index.html": "docs", "über uns.txt": "ü" }),
  );
  const text = (pathname: string): string | null => {
    const entry = pack.lookup(pathname);
    return entry && pack.read(entry).toString();
  };
  expect(pack.fileCount).toBe(4);
  expect(text("/")).toBe("home");
  expect(text("/index.html")).toBe("home");
  expect(text("/style.css")).toBe("a{}");
  expect(text("/docs")).toBe("docs");
  expect(text("/docs/")).toBe("docs");
  expect(text("/%C3%BCber%20uns.txt")).toBe("ü");
  expect(text("/style.css/")).toBeNull();
  expect(text("/STYLE.CSS")).toBeNull();
  expect(text("/none")).toBeNull();
  expect(text("/%ff")).toBeNull();
});

it("finds a page without its extension, after a file of that name and before a directory", async () => {
  const pack = await openPack(
    await siteWith({ "about.html": "page", "about/index.html": "directory", "both.html": "page", both: "file" }),
  );
  const path = (pathname: string): string | undefined => pack.lookup(pathname)?.path;
  expect(path("/about")).toBe("/about.html");
  expect(path("/about/")).toBe("/about/index.html");
  expect(path("/both")).toBe("/both");
  expect(path("/about.html/")).toBeUndefined();
  expect(path("/.html")).toBeUndefined();
});

it("describes a file as HTTP wants it, and reads a part of it", async () => {
  const pack = await openPack(await siteWith({ "data.json": "0123456789" }));
  const entry = pack.lookup("/data.json");
  expect(entry).toMatchObject({ contentType: "application/json", length: 10, etag: "84d89877f0d4041e" });
  expect(entry && pack.read(entry, { start: 3, length: 4 }).toString()).toBe("3456");
  expect(entry && pack.read(entry, { start: 8, length: 100 }).toString()).toBe("89");
});

it("no pathname leads out of the pack", async () => {
  const site = await siteWith({ "a.txt": "a", "b/c.txt": "c" });
  await writeFile(join(site, "..", "secret.txt"), "secret");
  const pack = await openPack(site);
  for (const pathname of [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/b/../../secret.txt",
    "/b%2f..%2f..%2fsecret.txt",
    "/b%2Fc.txt",
    "/b%5Cc.txt",
    "/b//c.txt",
    "/a.txt%00",
    "a.txt",
    "",
  ]) {
    expect(pack.lookup(pathname), pathname).toBeNull();
  }
  fc.assert(
    fc.property(fc.string(), (path) => {
      const entry = pack.lookup(`/${path}`);
      expect(entry === null || ["/a.txt", "/b/c.txt"].includes(entry.path)).toBe(true);
    }),
  );
});

it("hidden files stay out, .well-known excepted", async () => {
  const pack = await openPack(
    await siteWith({ ".env": "SECRET=1", ".git/config": "x", ".well-known/security.txt": "mail", "a/.b": "x" }),
  );
  expect(pack.fileCount).toBe(1);
  expect(pack.lookup("/.well-known/security.txt")).not.toBeNull();
});

it("what .assetsignore lists stays out", async () => {
  const site = await siteWith({
    ".assetsignore": "# made by an adapter\n_worker.js\n/_headers\n*.map\ndrafts/\n!drafts\n",
    "_worker.js": "SECRET",
    "a/_worker.js": "SECRET",
    _headers: "x",
    "a/_headers": "kept",
    _HEADERS: "kept",
    "a/b.js.map": "{}",
    "drafts/one.html": "draft",
    "index.html": "home",
  });
  const pack = await openPack(site);
  expect(pack.fileCount).toBe(4);
  for (const path of ["/_worker.js", "/a/_worker.js", "/_headers", "/a/b.js.map", "/.assetsignore"]) {
    expect(pack.lookup(path), path).toBeNull();
  }
  expect(pack.lookup("/drafts/one")).not.toBeNull();
  await writeFile(join(site, ".assetsignore"), "x\n".repeat(40_000));
  await expect(packAssets(site)).rejects.toMatchObject({ code: "SLIVER_ASSETS_REFUSED" });
});

it("links within the directory are followed, links out of it are refused by name", async () => {
  const site = await siteWith({ "a.txt": "a" });
  await symlink("a.txt", join(site, "b.txt"));
  expect((await openPack(site)).lookup("/b.txt")?.length).toBe(1);
  await symlink("/etc/passwd", join(site, "c.txt"));
  await expect(packAssets(site)).rejects.toThrow("Asset /c.txt is refused: found a link that leads outside");
});

it("links that lead nowhere or in circles end in a refusal", async () => {
  const site = await siteWith({ "a.txt": "a" });
  await symlink("gone", join(site, "dangling"));
  await expect(packAssets(site)).rejects.toMatchObject({ code: "SLIVER_ASSETS_REFUSED" });
  const circle = await siteWith({ "a.txt": "a" });
  await symlink(".", join(circle, "self"));
  await expect(packAssets(circle)).rejects.toMatchObject({ code: "SLIVER_ASSETS_REFUSED" });
});

it("the same directory gives the same bytes", async () => {
  const files = { "z.txt": "z", "a.txt": "a", "m/n.txt": "n" };
  expect(await packAssets(await siteWith(files))).toEqual(await packAssets(await siteWith(files)));
});

it("an empty directory is a pack without files", async () => {
  expect((await openPack(await siteWith({}))).lookup("/")).toBeNull();
});

it("a truncated or foreign pack is refused", async () => {
  const path = join(await temporaryDirectory(), "pack");
  const bytes = await packAssets(await siteWith({ "a.txt": "some text" }));
  for (const length of [0, 10, 20, bytes.length - 1]) {
    await writeFile(path, bytes);
    await truncate(path, length);
    expect(() => AssetPack.open(path), `${length} bytes`).toThrow(/is damaged in its/);
  }
  await writeFile(path, "GIF89a and so on, long enough");
  expect(() => AssetPack.open(path)).toThrow("is damaged in its head");
});

it("a pack that was made by hand cannot lead outside itself, nor break a header", async () => {
  const path = join(await temporaryDirectory(), "pack");
  const good = { path: "/a", offset: 0, length: 4, contentType: "text/plain", etag: "0123456789abcdef" };
  const withIndex = (index: unknown, body = "body"): Buffer => {
    const text = Buffer.from(typeof index === "string" ? index : JSON.stringify(index));
    const head = Buffer.from("NANOASST\x01\0\0\0....", "latin1");
    head.writeUInt32LE(text.byteLength, 12);
    return Buffer.concat([head, text, Buffer.from(body)]);
  };
  checkAssetPack(withIndex([good]));
  const bad = [
    "not JSON",
    {},
    [null],
    [{ ...good, length: 4e9 }],
    [{ ...good, offset: -1 }],
    [{ ...good, length: 5 }],
    [{ ...good, length: 1.5 }],
    [{ ...good, contentType: "text/plain\r\nset-cookie: a=b" }],
    [{ ...good, etag: '"' }],
    [{ ...good, path: "a" }],
    [{ ...good, __proto__: null, extra: 1 }],
  ];
  for (const index of bad) {
    const bytes = withIndex(index);
    expect(() => checkAssetPack(bytes), JSON.stringify(index)).toThrow(/^Sliver is malformed in its asset pack/);
    await writeFile(path, bytes);
    expect(() => AssetPack.open(path), JSON.stringify(index)).toThrow(/is damaged in its/);
  }
  expect(() => checkAssetPack(withIndex([good], "body and more"))).toThrow("length");
  expect(() => checkAssetPack(Buffer.from("NANO"))).toThrow("length");
});
