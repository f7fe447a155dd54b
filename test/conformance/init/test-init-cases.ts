/** Tests of cases, each built, and asked on every rung and in both modes. README of this directory says how to read it. */
import { isolationModes } from "@nano/protocol/manifest";
import type { Rung } from "@nano/protocol/records";
import { BuildChildren } from "@nano/sliver-builder/build/build-children";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askSliver } from "./answer-case.ts";
import { type BuiltCase, buildCase, type CaseBuild } from "./build-case.ts";
import { type InitCase, type InitCases, reachable } from "./init-case.ts";
import { bytecodeSliverOf } from "./lower-rung.ts";
import { type MatrixRow, writeMatrixTable } from "./matrix-table.ts";

const CASE_LIMIT_MS = 180_000;
/** Twice, so that a second context, or the second request of one, is seen. */
const REQUESTS_PER_MODE = 2;

/** The sliver that was built, and what the app starts from where it cannot be used. */
function sliversOf(built: BuiltCase): { readonly rung: Rung; readonly sliver: Buffer }[] {
  const { rung } = built.told;
  const slivers = [{ rung, sliver: built.sliver }];
  if (rung === "heap") slivers.push({ rung: "bytecode", sliver: bytecodeSliverOf(built) });
  if (rung !== "source") slivers.push({ rung: "source", sliver: built.sliver });
  return slivers;
}

async function expectAnswers(subject: InitCase, built: BuiltCase): Promise<Rung[]> {
  const { expected = 1, expectedAgain = expected } = subject;
  const { manifest } = built;
  const slivers = sliversOf(built);
  const asked = slivers.flatMap((sliver) => isolationModes.map((isolation) => ({ ...sliver, isolation })));
  // Beside each other: some answers wait for timers.
  const heard = await Promise.all(
    asked.map(async ({ rung, sliver, isolation }) => {
      const { answers, errors } = await askSliver(sliver, {
        rung,
        isolation,
        manifest,
        requestCount: REQUESTS_PER_MODE,
      });
      const unexpected = errors.filter((text) => !subject.errors?.some((pattern) => pattern.test(text)));
      return { rung, isolation, answers, errors: unexpected };
    }),
  );
  expect(heard).toEqual(
    asked.map(({ rung, isolation }) => {
      const answers = [expected, isolation === "app" ? expectedAgain : expected];
      return { rung, isolation, answers, errors: [] };
    }),
  );
  return slivers.map(({ rung }) => rung);
}

function expectBuild(subject: InitCase, build: CaseBuild): void {
  expect(reachable(subject), build.reason).toContain(build.reached);
  if (build.reached !== "heap") expect(build.reason).toMatch(subject.reason ?? /./);
  for (const pattern of subject.logs ?? []) expect(build.logs.join("\n")).toMatch(pattern);
}

/** Declares the tests of a part of the matrix; at its end `dist/init-<part>.md` tells where each case got to. */
export function testInitCases(part: string, subjects: readonly InitCases[]): void {
  const rows: MatrixRow[] = [];
  let children: BuildChildren;

  beforeAll(() => {
    children = new BuildChildren({ spareCount: 2 });
  });

  afterAll(async () => {
    await children.close();
    writeMatrixTable(part, rows);
  });

  describe.each(subjects)("an app starts with $subject at its top level:", ({ subject, cases }) => {
    test.concurrent.each(cases)(
      "$name",
      async (initCase) => {
        const build = await buildCase(initCase, children);
        expectBuild(initCase, build);
        const { built, reached, reason } = build;
        const answeredOn = built === null || initCase.isDeadly ? [] : await expectAnswers(initCase, built);
        rows.push({ subject, name: initCase.name, reached, reason, answeredOn });
      },
      CASE_LIMIT_MS,
    );
  });
}
