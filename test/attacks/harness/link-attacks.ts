/** Attacks on the link between routers and workers: by who has a worker's credential, read as a router reads it, and by who has none. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedControlStore } from "@nano/control-store/embedded-control-store";
import { acceptLink } from "@nano/link/accept-link";
import type { LinkLimits } from "@nano/link/limits";
import type { VersionId } from "@nano/protocol/brands";
import { FrameType } from "@nano/protocol/frames";
import type { NanoProcess } from "../../support/nano-process.ts";
import type { Attack, AttackTarget, Tenant } from "./attack.ts";
import { LinkPeer, type SentRequest } from "./link-peer.ts";
import { attackEnd, NaiveLinkEnd } from "./naive-link-end.ts";

const NEIGHBOUR = "named.localhost";
const GREETED_WITHIN_MS = 10_000;
const SERVED_WITHIN_MS = 15_000;
const PROVED_WITHIN_MS = 10_000;
const RETRY_INTERVAL_MS = 100;
const HELD_MS = 500;
const SHORT_LIMITS: Partial<LinkLimits> = { handshakeTimeoutMs: 100, pingIntervalMs: 30 };

const STORE_PLACE = /(?:^|\0)ROUTER_CONTROL_STORE_SOCKET_PATH=([^\0]+)/;

/** A worker as routers know it, and a version that it serves. */
export interface WorkerPlace {
  readonly address: string;
  readonly credential: string;
  readonly versionId: VersionId;
}

export interface LinkAttackOptions {
  readonly tries: string;
  readonly tenant?: Tenant;
  readonly isLong?: boolean;
  /** It comes without greeting. @default it has greeted, with the worker's own credential */
  readonly isStranger?: boolean;
  /** What became of it; null: it was not contained. */
  attack(peer: LinkPeer, place: WorkerPlace, target: AttackTarget): Promise<string | null>;
  undefended(): Promise<string | null>;
}

/** Contained is what ends as it must, while the same worker answers on another link. */
export function linkAttack({ attack, isStranger = false, ...options }: LinkAttackOptions): Attack {
  return {
    ...options,
    async strike(target) {
      const place = await findWorker(target.nano, target.host === "" ? NEIGHBOUR : target.host);
      const peer = await LinkPeer.connect(place.address);
      try {
        if (!isStranger) {
          peer.greet(place.credential);
          if (!(await peer.sees((seen) => seen.countOf(FrameType.HELLO) > 0, GREETED_WITHIN_MS))) {
            return { isContained: false, what: "was not greeted" };
          }
        }
        const what = await attack(peer, place, target);
        if (what === null) return { isContained: false, what: "went on" };
        const isServed = await serves(target.nano, place.address);
        return { isContained: isServed, what: isServed ? what : `${what}, but the worker does not answer` };
      } finally {
        peer.leave();
      }
    },
  };
}

/** Whether the worker answers the app of a neighbour to who behaves. */
async function serves(nano: NanoProcess, address: string): Promise<boolean> {
  const deadlineMs = performance.now() + SERVED_WITHIN_MS;
  while (performance.now() < deadlineMs) {
    // Throws where the worker is there no more.
    const place = await findWorker(nano, NEIGHBOUR, address);
    if ((await askWorker(place, { ...place, url: `http://${NEIGHBOUR}/` })) !== null) return true;
    await delay(RETRY_INTERVAL_MS);
  }
  return false;
}

/** The last bytes of the worker's answer on a link of its own; null: it does not answer. */
export async function askWorker({ address, credential }: WorkerPlace, request: SentRequest): Promise<string | null> {
  const peer = await LinkPeer.connect(address);
  try {
    peer.greet(credential);
    peer.ask(1, request);
    const isOver = (): boolean => peer.isClosed || peer.countOf(FrameType.DATA) + peer.countOf(FrameType.RESET) > 0;
    await peer.sees(isOver, SERVED_WITHIN_MS);
    return peer.countOf(FrameType.DATA) > 0 ? peer.text : null;
  } finally {
    peer.leave();
  }
}

let turnCount = 0;

/** As a router finds it: in the control store. Workers take turns. */
async function findWorker(nano: NanoProcess, host: string, address?: string): Promise<WorkerPlace> {
  const [router] = nano.processesOf("router");
  const socketPath = STORE_PLACE.exec(readFileSync(`/proc/${router}/environ`, "latin1"))?.[1] ?? "";
  const store = new EmbeddedControlStore(socketPath);
  const { records } = await store.loadSnapshot();
  await store.close();
  const route = records.find((record) => record.kind === "route" && record.host === host);
  const node = records.find((record) => record.kind === "node");
  const app = records.find((record) => record.kind === "app" && route?.kind === "route" && record.name === route.app);
  const workers = node?.kind === "node" ? node.workers : [];
  turnCount += 1;
  const worker =
    address === undefined ? workers[turnCount % workers.length] : workers.find((each) => each.address === address);
  const versionId = app?.kind === "app" ? app.activeVersion : null;
  if (worker === undefined || versionId === null) throw new Error(`Nothing serves ${host}`);
  return { address: worker.address, credential: worker.credential, versionId };
}

/** Which time limits end a link cannot be set: see `AttackTarget.isShort`. */
export async function endsInTime(
  peer: LinkPeer,
  { withinMs, isShort = false }: { withinMs: number; isShort: boolean | undefined },
): Promise<string | null> {
  const isEnded = await peer.isEnded(isShort ? HELD_MS : withinMs);
  if (isEnded) return "closed";
  return isShort ? "held for a while" : null;
}

/** What is seen at an end that has no bounds; null: nothing in time. */
export function atNaiveEnd(
  attack: (peer: LinkPeer, end: NaiveLinkEnd) => Promise<void> | void,
  proves: (end: NaiveLinkEnd, peer: LinkPeer) => string | null,
): Promise<string | null> {
  const end = new NaiveLinkEnd();
  return attackEnd(
    (socket) => end.accept(socket),
    async (peer) => {
      peer.greet("of nobody");
      await attack(peer, end);
      await peer.sees(() => proves(end, peer) !== null, PROVED_WITHIN_MS);
      return proves(end, peer);
    },
  );
}

/** Whether it is held open by an end that has no time limits, and by no end that has. */
export async function isHeldWithoutTime(attack: (peer: LinkPeer) => void): Promise<string | null> {
  const naive = new NaiveLinkEnd();
  const isHeld = await attackEnd(
    (socket) => naive.accept(socket),
    async (peer) => {
      attack(peer);
      return !(await peer.isEnded(HELD_MS));
    },
  );
  const isHeldWithLimits = await attackEnd(
    (socket) => {
      acceptLink(socket, {
        peer: "limited",
        limits: SHORT_LIMITS,
        verifyHello: () => true,
        onStream: (stream) => {
          throw new Error(`stream ${stream.id} was opened`);
        },
      });
    },
    async (peer) => {
      attack(peer);
      return !(await peer.isEnded(PROVED_WITHIN_MS));
    },
  );
  return isHeld && !isHeldWithLimits ? "was held open" : null;
}
