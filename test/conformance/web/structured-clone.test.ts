import { testArea } from "./test-area.ts";

testArea("structured-clone");
