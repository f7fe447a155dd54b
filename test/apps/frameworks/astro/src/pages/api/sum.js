export async function POST({ request }) {
  const { numbers } = await request.json();
  if (!Array.isArray(numbers)) return Response.json({ error: "numbers: expected an array" }, { status: 400 });
  return Response.json({ sum: numbers.reduce((sum, number) => sum + number, 0) });
}
