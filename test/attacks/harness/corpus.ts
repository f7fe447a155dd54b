/** All attacks: a file each, in the folder of its group. */
import { readdirSync } from "node:fs";
import type { Attack } from "./attack.ts";

export const groups = [
  "cpu",
  "memory",
  "killers",
  "getters",
  "escapes",
  "leaks",
  "egress",
  "edge",
  "link",
  "websocket",
  "init",
  "floods",
] as const;
export type AttackGroup = (typeof groups)[number];

export interface NamedAttack extends Attack {
  readonly group: AttackGroup;
  /** Of its file. */
  readonly name: string;
  /** Both: "cpu/loop". */
  readonly id: string;
}

/** @param filter part of an id. @default all */
export async function loadCorpus(filter = ""): Promise<NamedAttack[]> {
  const found: NamedAttack[] = [];
  for (const group of groups) {
    const folder = new URL(`../${group}/`, import.meta.url);
    for (const file of readdirSync(folder).sort()) {
      const name = file.replace(/\.ts$/, "");
      const id = `${group}/${name}`;
      if (!id.includes(filter)) continue;
      const { attack } = (await import(new URL(file, folder).href)) as { attack: Attack };
      found.push({ ...attack, group, name, id });
    }
  }
  return found;
}

/** Of each group that has any. */
export function byGroup(attacks: readonly NamedAttack[]): [AttackGroup, NamedAttack[]][] {
  return [...Map.groupBy(attacks, ({ group }) => group)];
}
