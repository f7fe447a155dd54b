/** Makes one file of nanoctl, and one of each command's own part. */
import { buildEntries } from "@nano/service-kit/build-entries";

await buildEntries(import.meta.dirname, ["src/nanoctl.main.ts"]);
