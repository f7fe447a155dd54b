import { BlockList, isIPv4 } from "node:net";
import { createAddressGuard } from "@nano/executor/egress/address-guard";
import { expect, test } from "vitest";
import {
  hasKustomize,
  isWorkload,
  type Labels,
  matches,
  OVERLAYS,
  podLabels,
  readManifests,
  renderOverlay,
  type Selector,
} from "./manifests.ts";

interface Port {
  readonly protocol: string;
  readonly port: number;
  readonly endPort?: number;
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface PolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
}

/** Clients of the registry's API, which an operator labels so. */
const OUTSIDE_LABELS: readonly Labels[] = [{ "nano/registry-client": "true" }];
/** Addresses behind which a cluster, its nodes or its cloud may be. */
const REFUSED = [
  ...["0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "168.63.129.16", "169.254.169.254"],
  ...["172.16.0.1", "172.31.255.255", "192.0.0.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"],
  ...[
    "::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "ff02::1",
    "2001::1",
    "2002:a00:1::1",
  ],
];
const PUBLIC = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700:4700::1111"];

const manifests = readManifests();
const pods = manifests.filter(isWorkload);
const policies = manifests.filter(
  ({ kind, metadata }) => kind === "NetworkPolicy" && metadata.namespace !== "nano-node-settings",
);

function policiesFor(service: string): PolicySpec[] {
  const workload = pods.find(({ metadata }) => metadata.name === service);
  if (workload === undefined) throw new Error(`No such workload: ${service}`);
  return policies
    .map(({ spec }) => spec as PolicySpec)
    .filter(({ podSelector }) => matches(podSelector, podLabels(workload)));
}

function egressOf(service: string): { peer: Peer; ports: readonly Port[] }[] {
  return policiesFor(service).flatMap(({ egress = [] }) =>
    egress.flatMap(({ to = [], ports = [] }) => to.map((peer) => ({ peer, ports }))),
  );
}

function rangesOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = "", bits] = cidr.split("/");
    list.addSubnet(address, Number(bits), isIPv4(address) ? "ipv4" : "ipv6");
  }
  return list;
}

/** Whether one of these lets an address outside of the cluster's own peers through. */
function isLetThrough(address: string, peers: readonly Peer[]): boolean {
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  return peers.some(({ ipBlock }) => {
    if (ipBlock === undefined || isIPv4(ipBlock.cidr.split("/")[0] ?? "") !== (family === "ipv4")) return false;
    if (!rangesOf([ipBlock.cidr]).check(address, family)) return false;
    return !rangesOf(ipBlock.except ?? []).check(address, family);
  });
}

test("what no policy names is refused in both directions", () => {
  const denied = policies.find(({ metadata }) => metadata.name === "default-deny");
  expect(denied?.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
});

test("every pod that a policy names exists, and listens where it is let in", () => {
  for (const { metadata, spec } of policies) {
    const { podSelector, ingress = [] } = spec as PolicySpec;
    const targets = pods.filter((pod) => matches(podSelector, podLabels(pod)));
    expect(targets.length, metadata.name).toBeGreaterThan(0);
    for (const { from = [], ports = [] } of ingress) {
      for (const { podSelector: peer, namespaceSelector } of from) {
        if (peer === undefined || namespaceSelector !== undefined) continue;
        expect([...pods.map(podLabels), ...OUTSIDE_LABELS].some((labels) => matches(peer, labels))).toBe(true);
      }
      const open = targets.flatMap((pod) => pod.spec.template.spec.containers.flatMap(({ ports: own = [] }) => own));
      for (const { port } of ports)
        expect(
          open.map(({ containerPort }) => containerPort),
          metadata.name,
        ).toContain(port);
    }
  }
});

test("executors reach names, the control store, the artifacts and the public internet, and nothing else", () => {
  const inside = egressOf("executor").filter(({ peer }) => peer.ipBlock === undefined);
  const reached = inside.map(({ peer: { podSelector }, ports }) => [
    Object.values(podSelector?.matchLabels ?? {}).join(),
    ports.map(({ protocol, port }) => `${protocol} ${port}`).join(),
  ]);
  expect(reached).toEqual([
    ["kube-dns", "UDP 53,TCP 53"],
    ["redis", "TCP 6379"],
    ["s3", "TCP 9000"],
  ]);
  const peers = egressOf("executor").map(({ peer }) => peer);
  for (const address of REFUSED) expect(isLetThrough(address, peers), address).toBe(false);
  for (const address of PUBLIC) expect(isLetThrough(address, peers), address).toBe(true);
});

test.skipIf(!hasKustomize()).each(OVERLAYS)("no policy of the overlay %s opens a range of the cluster", (overlay) => {
  const rendered = renderOverlay(`overlays/${overlay}`) ?? [];
  const peers = rendered
    .filter(({ kind }) => kind === "NetworkPolicy")
    .flatMap(({ spec }) => (spec as PolicySpec).egress ?? [])
    .flatMap(({ to = [] }) => to);
  for (const address of REFUSED) expect(isLetThrough(address, peers), address).toBe(false);
  for (const address of PUBLIC) expect(isLetThrough(address, peers), address).toBe(true);
});

test("the egress process refuses by itself what the policy refuses", () => {
  const guard = createAddressGuard([]);
  const excepted = egressOf("executor").flatMap(({ peer }) => peer.ipBlock?.except ?? []);
  expect(excepted.length).toBeGreaterThan(5);
  for (const cidr of excepted) expect(guard.check(cidr.split("/")[0] ?? ""), cidr).not.toBeNull();
});

test("clients of the registry reach its API, routers and registries reach executors, and nobody else does", () => {
  const labels = new Map(pods.map((pod) => [pod.metadata.name, podLabels(pod)]));
  const isPod = (peers: readonly Peer[] | undefined, pod: string): boolean =>
    peers?.some(({ podSelector }) => podSelector !== undefined && matches(podSelector, labels.get(pod) ?? {})) ?? true;
  const hasPort = (ports: readonly Port[] = [], wanted: number): boolean => ports.some(({ port }) => port === wanted);
  const canReach = (from: string, to: string, port: number): boolean => {
    const isLetOut = policiesFor(from).some(({ egress = [] }) =>
      egress.some((rule) => hasPort(rule.ports, port) && isPod(rule.to, to)),
    );
    const isLetIn = policiesFor(to).some(({ ingress = [] }) =>
      ingress.some((rule) => hasPort(rule.ports, port) && isPod(rule.from, from)),
    );
    return isLetOut && isLetIn;
  };
  const services = ["router", "app-registry", "executor", "sliver-builder"];
  const whoReaches = (to: string, port: number): string[] => services.filter((from) => canReach(from, to, port));
  expect(whoReaches("app-registry", 8090)).toEqual([]);
  expect(whoReaches("router", 8080)).toEqual([]);
  expect(whoReaches("executor", 7000)).toEqual(["router", "app-registry"]);
  expect(whoReaches("redis", 6379)).toEqual(services);
  expect(whoReaches("s3", 9000)).toEqual(["app-registry", "executor", "sliver-builder"]);
  for (const service of services) expect(whoReaches(service, 9090), service).toEqual([]);
});
