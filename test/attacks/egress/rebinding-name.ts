import type { Attack } from "../harness/attack.ts";
import { fetchAfterLook, fetchByEgress, PUBLIC, SECRET, withBothServers } from "../harness/rebinding.ts";

export const attack: Attack = {
  tries: "Fetches by a name that is of the internet when it is looked at, and of this machine when it is connected to.",
  // What a whole NANO resolves by is the machine's: here its egress alone, in this process.
  async strike() {
    const [first = "", second = ""] = await withBothServers((name) => fetchByEgress(name, 2));
    return { isContained: first === PUBLIC && second.includes("refused"), what: `${first}, then ${second}` };
  },
  async undefended() {
    const text = await withBothServers((name) => fetchAfterLook(name));
    return text === SECRET ? text : null;
  },
};
