/** The sliver of a case as it is had it not climbed so high: the same app, from its bytecode. */
import { makeBareSnapshot, makeBytecode } from "@nano/isolate/make-snapshot";
import { writeSliver } from "@nano/sliver/sliver-file";
import { encodeWasmPack } from "@nano/sliver/wasm-pack";
import { type BuiltCase, signingKey } from "./build-case.ts";

const ATTACH_SECRET = "5a".repeat(32);
/** The same for every app; made when the first asks. */
let bareSnapshot: Uint8Array | null = null;

/** Compiles in this process, and runs nothing of the app. */
export function bytecodeSliverOf({ told, bundle }: BuiltCase): Buffer {
  bareSnapshot ??= makeBareSnapshot(ATTACH_SECRET);
  const { script, sourceMap, wasm = [] } = bundle;
  const modules = wasm.map((module) => Buffer.from(module, "base64"));
  const { contextBytes: _, ...manifest } = told;
  return writeSliver(
    {
      manifest: {
        ...manifest,
        rung: "bytecode",
        attachSecret: ATTACH_SECRET,
        snapshotBytes: bareSnapshot.byteLength,
      },
      sections: {
        snapshot: bareSnapshot,
        bytecode: makeBytecode(script, bareSnapshot),
        script: Buffer.from(script),
        sourceMap: Buffer.from(sourceMap),
        wasm: modules.length === 0 ? undefined : encodeWasmPack(modules),
      },
    },
    signingKey,
  );
}
