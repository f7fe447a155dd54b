export async function POST({ request, cookies, redirect }) {
  const form = await request.formData();
  cookies.set("user", String(form.get("user")), { path: "/" });
  return redirect("/", 303);
}
