/** The part of the init matrix that is about the language and its engine. */
import { languageSubjects } from "./init-subjects.ts";
import { testInitCases } from "./test-init-cases.ts";

testInitCases("language", languageSubjects);
