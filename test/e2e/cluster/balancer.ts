/**
 * What stands in front of routers, as `infra/compose/haproxy.cfg` is set but twice as fast: asks /readyz, takes turns, and sends a request to another
 * router only where it could not be sent.
 */
import { Agent } from "node:http";
import { type Answer, type AskOptions, askHttp, type LostRequest } from "../../support/http-answer.ts";
import type { Service } from "./service.ts";
import { ROUTER_PORT } from "./service-settings.ts";

const CHECK_INTERVAL_MS = 500;
/** Failed checks in a row after which a router gets nothing more. */
const FALL_COUNT = 2;
const RETRY_COUNT = 2;
/** Above the longest silence of an app of the load. */
const SILENCE_MS = 30_000;
const MAX_CONNECTIONS = 1024;

interface Target {
  readonly service: Service;
  readonly agent: Agent;
  failureCount: number;
}

export class Balancer {
  readonly #targets: Target[];
  readonly #timer: NodeJS.Timeout;
  readonly #excused = new WeakSet<Error>();
  #turn = 0;

  constructor(routers: readonly Service[]) {
    this.#targets = routers.map((service) => ({
      service,
      agent: new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS }),
      failureCount: 0,
    }));
    this.#timer = setInterval(() => void this.#check(), CHECK_INTERVAL_MS);
  }

  /** Asks what a host name leads to. Rejects with a `LostRequest`. */
  async ask(hostname: string, path = "/", options: AskOptions = {}): Promise<Answer> {
    const tried = new Set<Target>();
    for (;;) {
      const target = this.#pick(tried);
      tried.add(target);
      const { service, agent } = target;
      const lossCount = service.lossCount;
      const place = { host: service.spec.host.address, port: ROUTER_PORT, path, silenceMs: SILENCE_MS };
      try {
        return await askHttp(place, { agent, ...options, headers: { host: hostname, ...options.headers } });
      } catch (error) {
        const lost = error as LostRequest;
        if (lost.isUnsent && tried.size <= RETRY_COUNT) continue;
        if (service.lossCount !== lossCount || !service.isRunning) this.#excused.add(lost);
        lost.message = `${service.name}: ${lost.message}`;
        throw lost;
      }
    }
  }

  /** Whether a request was lost with a router that was killed. */
  isExcused(error: Error): boolean {
    return this.#excused.has(error);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { agent } of this.#targets) agent.destroy();
  }

  #pick(tried: ReadonlySet<Target>): Target {
    const left = this.#targets.filter((target) => !tried.has(target));
    const healthy = left.filter(({ failureCount }) => failureCount < FALL_COUNT);
    // Where none is healthy, any: the client has to be told something.
    const from = [healthy, left, this.#targets].find(({ length }) => length > 0) ?? [];
    const target = from[this.#turn++ % from.length];
    if (target === undefined) throw new Error("A balancer needs routers");
    return target;
  }

  async #check(): Promise<void> {
    await Promise.all(
      this.#targets.map(async (target) => {
        if ((await target.service.readiness()) === 200) target.failureCount = 0;
        else target.failureCount += 1;
      }),
    );
  }
}
