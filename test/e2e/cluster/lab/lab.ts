/**
 * Hosts for the processes of a cluster, each with an address of its own and a wire that can be pulled.
 *
 * I1 What a lab made is gone when it is closed, when its process ends by itself, and at the next start of a lab where the process was killed.
 * I2 No process outlives the one that started it.
 * I3 Names carry the process id of their owner; nothing else is touched.
 */
import type { ChildProcess } from "node:child_process";
import { LoopbackLab } from "./loopback-lab.ts";
import { areNamespacesAllowed, NamespaceLab } from "./namespace-lab.ts";

/** What a wire does to each packet. */
export interface WireFault {
  readonly delayMs: number;
  /** 0 to 1. @default 0 */
  readonly lossRatio?: number;
}

export interface Host {
  readonly name: string;
  /** What its processes listen on. */
  readonly address: string;
  /** Where others reach this port of it. */
  publish(port: number): string;
  /** How its processes reach what another host published. */
  reach(published: string): string;
  /** Starts a process with this environment and nothing else; its output is piped. */
  spawn(argv: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Kills all that runs on it, as a host does that loses its power. */
  killAll(): void;
  /** Pulls its wire: what is sent either way is lost, and nobody is told. */
  cut(): void;
  heal(): void;
  /** Null: none any more. @throws where the lab cannot */
  setFault(fault: WireFault | null): void;
}

export interface Lab {
  readonly kind: "namespaces" | "loopback";
  /** Whether `setFault` takes a delay, and a loss. */
  readonly canDelay: boolean;
  readonly canLose: boolean;
  addHost(name: string): Host;
  close(): void;
}

/** A lab of network namespaces, or on loopback with proxies where the machine does not allow them, or `NANO_E2E_LAB` says so. */
export function openLab(kind?: Lab["kind"]): Lab {
  const isNamespaced = process.env.NANO_E2E_LAB !== "loopback" && areNamespacesAllowed();
  const chosen = kind ?? (isNamespaced ? "namespaces" : "loopback");
  return chosen === "namespaces" ? new NamespaceLab() : new LoopbackLab();
}
