/** What README tells to do before `kubectl apply`: commands that make keys, and what is made of them in the cluster. */
import { readText } from "./yaml-files.ts";

export interface CreatedObject {
  readonly kind: "secret" | "configmap";
  readonly name: string;
  /** File by key. */
  readonly files: ReadonlyMap<string, string>;
}

const CREATE = /^kubectl -n nano create (?:(secret) generic|(configmap)) ([\w-]+) (.+)$/;

function blocks(): readonly string[][] {
  const found = [...readText("infra/README.md").matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
  return found.filter((text) => text.includes("kubectl -n nano create ")).map((text) => text.trim().split("\n"));
}

/** Commands that make the files, as a script. */
export function readKeyCommands(): string {
  return blocks()
    .flat()
    .filter((line) => !line.startsWith("kubectl "))
    .join("\n");
}

export function readCreatedObjects(): readonly CreatedObject[] {
  return blocks()
    .flat()
    .flatMap((line) => {
      const [, secret, configmap, name = "", flags = ""] = CREATE.exec(line) ?? [];
      if (secret === undefined && configmap === undefined) return [];
      const files = [...flags.matchAll(/--from-file=(?:([\w.-]+)=)?(\S+)/g)].map(
        ([, key, file = ""]) => [key ?? file, file] as const,
      );
      return [{ kind: secret === undefined ? "configmap" : "secret", name, files: new Map(files) } as const];
    });
}
