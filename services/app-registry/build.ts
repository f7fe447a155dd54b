/** Makes one file of the process. */
import { buildEntries } from "@nano/service-kit/build-entries";

await buildEntries(import.meta.dirname, ["src/main.ts"]);
