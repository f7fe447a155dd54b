import { initAttack } from "../harness/init-attacks.ts";

export const attack = initAttack(
  "Throws at its top level what loops while it is read.",
  `const error = new Error("x");
for (const name of ["stack", "message", "name"]) Object.defineProperty(error, name, { get() { for (;;); } });
throw error;`,
  { told: "ran longer than" },
);
