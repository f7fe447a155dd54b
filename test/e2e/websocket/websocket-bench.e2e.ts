import { webSocketParts } from "../../bench/websocket.bench.ts";
import { testQuickBenches } from "../quick-bench.ts";

testQuickBenches(webSocketParts.map((part) => `websocket-${part}`));
