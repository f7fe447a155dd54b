/** The Compose files, and what they make together. */
import { type EnvSetting, serviceOfImage } from "./service-facts.ts";
import { readYaml } from "./yaml-files.ts";

export const COMPOSE_FILES = ["compose.yaml", "compose.s3.yaml"] as const;

export interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string; readonly args: { readonly SERVICE: string } };
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly ports?: readonly string[];
  readonly hostname?: string;
  readonly restart?: string;
  readonly container_name?: string;
  readonly read_only?: boolean;
  readonly mem_limit?: string;
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly deploy?: { readonly replicas: number };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly configs?: Readonly<Record<string, { readonly file: string }>>;
}

const [base, s3] = COMPOSE_FILES.map((name) => readYaml(`infra/compose/${name}`)[0] as ComposeFile) as [
  ComposeFile,
  ComposeFile,
];

/** The base with an override's environment and volumes, as Compose puts them together. */
function withS3(): ComposeFile {
  const services = { ...base.services };
  for (const [name, override] of Object.entries(s3.services)) {
    const own = services[name];
    const environment = Object.entries({ ...own?.environment, ...override.environment });
    services[name] = {
      ...own,
      ...override,
      environment: Object.fromEntries(environment.filter(([, value]) => value !== null)),
    };
  }
  return {
    services,
    volumes: { ...base.volumes, ...s3.volumes },
    networks: base.networks ?? {},
    configs: { ...base.configs, ...s3.configs },
  };
}

/** Our services, and not what ends once it has done its work. */
export function ours({ services }: ComposeFile): [string, ComposeService][] {
  return Object.values(services).flatMap((each): [string, ComposeService][] => {
    const service = serviceOfImage(each.image ?? "");
    return service === null || each.restart === "no" ? [] : [[service, each]];
  });
}

export function networksOf({ networks = [] }: ComposeService = {}): readonly string[] {
  return Array.isArray(networks) ? networks : Object.keys(networks);
}

export function envOf({ environment = {} }: ComposeService): EnvSetting[] {
  return Object.entries(environment).map(([name, value]) => ({ name, value }));
}

export const COMPOSED = { "with a shared volume": base, "with S3": withS3() } as const;
