/** Makes one file of what each build starts anew. */
import { buildEntries } from "@nano/service-kit/build-entries";

await buildEntries(import.meta.dirname, ["src/build-child.main.ts"]);
