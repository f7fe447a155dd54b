/** A version is rolled out by percentage, halts by itself when it fails, and is rolled back. Clients are told apart by a cookie. */
import { eventually } from "@nano/test-kit/eventually";
import type { Cluster } from "../cluster.ts";
import { appThatSays } from "../deploys.ts";
import type { StepOptions } from "../step.ts";

const NAME = "rolled";
const COOKIE = "visitor";
const VISITORS = 100;
const HALTED_WITHIN_MS = 20_000;
const FAILS = `export default { fetch() { throw new Error("a version that fails") } }`;

interface Status {
  readonly activeVersion: string | null;
  readonly rollout: { readonly halted?: object } | null;
}

export function rolledOut(cluster: Cluster): StepOptions {
  const { nanoctl, deploys, balancer } = cluster;
  const status = (): Promise<Status> => nanoctl.run<Status>(["rollout", "status", NAME]);
  const visit = async (visitor: number): Promise<string> => {
    const answer = await balancer.ask(deploys.hostOf(NAME), "/", { headers: { cookie: `${COOKIE}=${visitor}` } });
    return answer.status === 200 ? answer.text : `${answer.status}`;
  };
  const visitAll = async (): Promise<readonly string[]> => {
    const answers: string[] = [];
    // One after the other: the load beside it has its own pace.
    for (let visitor = 0; visitor < VISITORS; visitor++) answers.push(await visit(visitor));
    return answers;
  };
  const share = (answers: readonly string[], text: string): number =>
    answers.filter((answer) => answer === text).length / VISITORS;
  const check = (isRight: boolean, what: string): void => {
    if (!isRight) throw new Error(what);
  };
  const setShare = (percent: number, ...flags: string[]) =>
    nanoctl.run(["rollout", "set", NAME, `${percent}`, "--cookie", COOKIE, ...flags]);
  /** Asks until all visitors get what they are to get: a change reaches every router within a second. */
  const allGet = (holds: (answers: readonly string[]) => boolean) => eventually(async () => holds(await visitAll()));

  return {
    name: "rolled out, halted, rolled back",
    expectedErrors: /^rollout halted/,
    async disturb({ recovered }) {
      await deploys.say(NAME, "one");
      const two = await deploys.deploy({ name: NAME, source: appThatSays("two"), flags: ["--no-activate"] });
      await setShare(30, "--version", two.version);
      await allGet((answers) => share(answers, "two") > 0);
      const first = await visitAll();
      check(
        first.every((text) => text === "one" || text === "two"),
        `Somebody got neither: ${first.join(" ")}`,
      );
      check(share(first, "two") > 0.1 && share(first, "two") < 0.5, `30 % is ${share(first, "two")}`);
      check((await visitAll()).join() === first.join(), "A visitor got another version than before");
      await setShare(70);
      await allGet((answers) => share(answers, "two") > 0.5);
      const second = await visitAll();
      const hasKept = first.every((text, i) => text !== "two" || second[i] === "two");
      check(hasKept, "A visitor of the new version was sent back while its share grew");
      await nanoctl.run(["promote", NAME]);
      await allGet((answers) => share(answers, "two") === 1);

      const three = await deploys.deploy({ name: NAME, source: FAILS, flags: ["--no-activate"] });
      await setShare(30, "--version", three.version, "--halt-percent", "10", "--halt-requests", "20");
      const isHalted = async (): Promise<boolean> => {
        await visitAll();
        return (await status()).rollout?.halted !== undefined;
      };
      await eventually(isHalted, { timeoutMs: HALTED_WITHIN_MS });
      await allGet((answers) => share(answers, "two") === 1);
      // Out of the rollout, then to what served before.
      await nanoctl.run(["rollback", NAME]);
      await allGet((answers) => share(answers, "two") === 1);
      await nanoctl.run(["rollback", NAME]);
      await allGet((answers) => share(answers, "one") === 1);
      recovered();
    },
  };
}
