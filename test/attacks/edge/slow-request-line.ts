import { slow } from "../harness/edge-attacks.ts";

export const attack = slow("Connects and says nothing.", "", "");
