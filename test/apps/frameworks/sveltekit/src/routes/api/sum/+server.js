import { error, json } from "@sveltejs/kit";

export async function POST({ request }) {
  const { numbers } = await request.json();
  if (!Array.isArray(numbers)) error(400, "numbers: expected an array");
  return json({ sum: numbers.reduce((sum, number) => sum + number, 0) });
}
