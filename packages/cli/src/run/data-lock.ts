/**
 * Keeps two launchers from one data directory.
 *
 * I1 The lock ends with its process, however that ends: it is a socket in the kernel's abstract namespace, no file.
 */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { createServer } from "node:net";
import { createDataDirectory } from "../config/data-directory.ts";
import { errors } from "../errors.ts";

export interface DataLock {
  release(): void;
}

/** Makes the directory where there is none. @throws CTL_DATA_DIR_IN_USE */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  createDataDirectory(directory);
  const digest = createHash("sha256").update(realpathSync(directory)).digest("hex").slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? errors.DATA_DIR_IN_USE({ directory }, error) : error);
    });
    server.listen(`\0nano-data-${digest}`, resolve);
  });
  server.unref();
  return { release: () => server.close() };
}
