const later = (value, delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs, value));

/** The frame is sent at once, the forecast when it is there. */
export const load = ({ url }) => ({
  city: "Riga",
  forecast: later("rain from Monday", Number(url.searchParams.get("ms") ?? 1)),
});
