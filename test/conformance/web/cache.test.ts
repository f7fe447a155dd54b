import { testArea } from "./test-area.ts";

testArea("cache");
