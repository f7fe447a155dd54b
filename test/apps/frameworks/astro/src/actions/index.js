import { ActionError, defineAction } from "astro:actions";
import { z } from "astro/zod";

export const server = {
  greet: defineAction({
    input: z.object({ name: z.string().min(1) }),
    handler: ({ name }) => {
      if (name === "Mallory") throw new ActionError({ code: "FORBIDDEN", message: "not you" });
      return `Hello, ${name}`;
    },
  }),
};
