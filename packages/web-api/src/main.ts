/** Composition root of the guest script: what runs at the top level here is paid by every cold start. */
import { installLeaves } from "./leaf/index.ts";

installLeaves();
