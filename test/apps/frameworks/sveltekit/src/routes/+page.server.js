import { fail } from "@sveltejs/kit";
import { env } from "$env/dynamic/private";

export const load = ({ getClientAddress, platform, url }) => ({
  address: getClientAddress(),
  name: url.searchParams.get("name") ?? "World",
  hasPlatform: typeof platform?.context?.waitUntil === "function",
  greeting: env.GREETING ?? "Hello",
});

export const actions = {
  default: async ({ request }) => {
    const form = await request.formData();
    const title = String(form.get("title") ?? "");
    if (title === "") return fail(422, { missing: true });
    return { made: title };
  },
};
