import { redirect } from "@sveltejs/kit";

export async function POST({ request, cookies }) {
  const form = await request.formData();
  cookies.set("user", String(form.get("user")), { path: "/" });
  redirect(303, "/");
}
