/** `nanoctl sliver create`: bundles an app, builds it in a disposable process, writes the signed file. */
export async function createSliver(_options: unknown): Promise<void> {
  throw new Error("not built");
}
