/** Reads a sliver file from disk and verifies all of it. */
import { open } from "node:fs/promises";
import { errors as sliverErrors } from "@nano/sliver/errors";
import type { TrustedKeys } from "@nano/sliver/signing-key";
import { parseSliver, readSection, type SliverFile } from "@nano/sliver/sliver-file";
import { MAX_SLIVER_BYTES } from "@nano/sliver/sliver-layout";
import { errors } from "../errors.ts";

/** The bytes of a file of at most `MAX_SLIVER_BYTES`. @throws CTL_FILE_UNREADABLE, SLIVER_TOO_LARGE */
export async function readSliverBytes(path: string): Promise<Buffer> {
  const file = await open(path, "r").catch((error: Error) => {
    throw errors.FILE_UNREADABLE({ path, why: error.message }, error);
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw errors.FILE_UNREADABLE({ path, why: "it is no regular file" });
    if (info.size > MAX_SLIVER_BYTES) {
      throw sliverErrors.TOO_LARGE({ part: "file", foundBytes: info.size, limitBytes: MAX_SLIVER_BYTES });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Signature and every section. @throws SLIVER_… for the first thing that is wrong, CTL_FILE_UNREADABLE */
export async function readSliver(path: string, trustedKeys: TrustedKeys): Promise<SliverFile> {
  const file = parseSliver(await readSliverBytes(path), { trustedKeys });
  for (const section of file.sections) readSection(file, section.kind);
  return file;
}
