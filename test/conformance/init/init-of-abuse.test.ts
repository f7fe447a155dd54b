/** The part of the init matrix that is about what is done to either. */
import { abuseSubjects } from "./init-subjects.ts";
import { testInitCases } from "./test-init-cases.ts";

testInitCases("abuse", abuseSubjects);
