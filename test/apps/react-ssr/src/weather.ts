/** Stands for a slow source of data: the answer comes later than the page's frame. */
export interface Forecast {
  readonly city: string;
  readonly days: readonly { readonly day: string; readonly degrees: number }[];
}

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
const DELAY_MS = 20;

export function fetchForecast(city: string): Promise<Forecast> {
  const seed = [...city].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  const days = DAYS.map((day, i) => ({ day, degrees: ((seed * (i + 3)) % 30) - 2 }));
  return new Promise((resolve) => setTimeout(() => resolve({ city, days }), DELAY_MS));
}
