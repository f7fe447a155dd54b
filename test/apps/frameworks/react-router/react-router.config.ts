import type { Config } from "@react-router/dev/config";

export default { buildDirectory: "built", ssr: true } satisfies Config;
