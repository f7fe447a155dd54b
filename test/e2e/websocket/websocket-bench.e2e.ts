import { webSocketParts } from "../../bench/websocket.bench.ts";
import { testSmallBenches } from "../small-bench.ts";

testSmallBenches(webSocketParts.map((part) => `websocket-${part}`));
