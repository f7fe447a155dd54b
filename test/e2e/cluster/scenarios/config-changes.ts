/** Settings, isolation and routes of an app change while it is asked. */
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@nano/test-kit/eventually";
import type { Cluster } from "../cluster.ts";
import { appThatSays } from "../deploys.ts";
import type { StepOptions } from "../step.ts";

const NAME = "changed";
const TAKING = "taking";
/** The load beside it has its own pace. */
const PAUSE_MS = 15;
const WORD = `export default { async fetch(request, env) {
  const first = env.WORD;
  await new Promise((resolve) => setTimeout(resolve, 50));
  return new Response(first + " " + env.WORD);
} }`;
const RIGHT = /^(one|two|three) \1$/;

export function configChanged(cluster: Cluster): StepOptions {
  const { nanoctl, deploys, balancer } = cluster;
  const host = deploys.hostOf(NAME);
  const deploy = (word: string, manifest: object = {}): Promise<unknown> =>
    deploys.deploy({ name: NAME, source: WORD, manifest: { ...manifest, env_vars: { WORD: word } } });
  const says = (path: string, text: string): Promise<void> =>
    eventually(async () => (await balancer.ask(host, path)).text === text);

  return {
    name: "settings, isolation and routes changed",
    async disturb({ recovered }) {
      await deploy("one");
      await says("/", "one one");
      let isOver = false;
      let askedCount = 0;
      const wrong: string[] = [];
      const ask = async (path: string, right: RegExp): Promise<void> => {
        while (!isOver) {
          const answer = await balancer.ask(host, path);
          askedCount += 1;
          if (answer.status !== 200 || !right.test(answer.text)) {
            wrong.push(`${path}: ${answer.status} ${answer.headers["x-nano-error"] ?? ""} ${answer.text.slice(0, 40)}`);
          }
          await delay(PAUSE_MS);
        }
      };
      const asking = Promise.all([ask("/", RIGHT), ask("/below/x", /^(?:(one|two|three) \1|taken over)$/)]);
      const change = async (): Promise<void> => {
        await deploy("two");
        await says("/", "two two");
        await deploy("two", { isolation: "app", limits: { concurrent_requests: 64 } });
        // A first version, by a route that takes a part of another app's host.
        const flags = ["--route", `${host}/below`];
        await deploys.deploy({ name: TAKING, source: appThatSays("taken over"), flags });
        await says("/below/x", "taken over");
        await deploy("three", { limits: { workers: 1 } });
        await says("/", "three three");
        await nanoctl.run(["routes", "set", TAKING, deploys.hostOf(TAKING)]);
        await says("/below/x", "three three");
        await nanoctl.run(["delete", TAKING, "--yes"]);
      };
      await change().finally(() => (isOver = true));
      await asking;
      if (wrong.length > 0) throw new Error(`${wrong.length} of ${askedCount} answers are wrong: ${wrong[0]}`);
      recovered();
    },
  };
}
