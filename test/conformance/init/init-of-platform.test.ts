/** The part of the init matrix that is about the platform. */
import { platformSubjects } from "./init-subjects.ts";
import { testInitCases } from "./test-init-cases.ts";

testInitCases("platform", platformSubjects);
