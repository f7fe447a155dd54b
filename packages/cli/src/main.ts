/** Starts nanoctl from the one file that `build` made of it, where there is one, and keeps what V8 compiled of it for the next start. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { BUILT_FOLDER, entryFile } from "@nano/service-kit/entry-file";

const entry = entryFile(new URL("./nanoctl.main.ts", import.meta.url));
// Beside what it is made of, where nobody else can write; without it where we cannot either.
enableCompileCache(fileURLToPath(new URL(`../${BUILT_FOLDER}/compile-cache`, import.meta.url)));
await import(entry.href);
