import { runService } from "@nano/service-kit/run-service";
import { registryConfig } from "./config.ts";
import { openRegistry } from "./open-registry.ts";

await runService({ name: "registry", config: registryConfig, start: openRegistry });
