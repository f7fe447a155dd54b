/** The two ways by which bytes of a sliver reach anyone. */
import type { ArtifactDigest } from "@nano/protocol/brands";
import { isNanoError } from "@nano/protocol/errors";
import { NodeCache } from "@nano/sliver/node-cache";
import type { TrustedKeys } from "@nano/sliver/signing-key";
import { parseSliver, readSection, type SliverFile } from "@nano/sliver/sliver-file";
import type { SectionKind } from "@nano/sliver/sliver-layout";
import { digestOf } from "@nano/sliver/sliver-store";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Everything that anyone does with a file before it is used. */
export function readWhole(
  bytes: Buffer,
  trustedKeys: TrustedKeys,
): { file: SliverFile; sections: Map<SectionKind, Buffer> } {
  const file = parseSliver(bytes, { trustedKeys });
  return { file, sections: new Map(file.sections.map(({ kind }) => [kind, readSection(file, kind)])) };
}

/** A node's cache whose store answers `served`, whatever it is asked for. */
export async function openTestCache(trustedKeys: TrustedKeys) {
  const directory = await temporaryDirectory();
  const store = { served: Buffer.alloc(0) as Buffer, get: async (): Promise<Buffer> => store.served };
  const cache = await NodeCache.open({ directory, store, trustedKeys: () => trustedKeys });
  /** Asks for these bytes under their own digest, as whoever can write records and artifacts would have it asked. */
  const admit = async (bytes: Buffer) => {
    store.served = bytes;
    return cache.admit(digestOf(bytes));
  };
  /** Asks for another artifact and is served these bytes. */
  const admitAs = async (digest: ArtifactDigest, bytes: Buffer) => {
    store.served = bytes;
    return cache.admit(digest);
  };
  return { cache, directory, admit, admitAs };
}

/** The code of a refusal, which must have a sentence; "accepted" where there is none. */
export async function refusalOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (isNanoError(error) && error.message.length > 0) return error.code;
    throw error;
  }
  return "accepted";
}
