import type { Route } from "./+types/sum";

export async function action({ request }: Route.ActionArgs) {
  const { numbers } = (await request.json()) as { numbers: unknown };
  if (!Array.isArray(numbers)) return Response.json({ error: "numbers: expected an array" }, { status: 400 });
  return Response.json({ sum: numbers.reduce((sum: number, number: number) => sum + number, 0) });
}
