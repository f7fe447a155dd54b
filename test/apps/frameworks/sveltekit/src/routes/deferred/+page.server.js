const later = (value, delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs, value));

/** The frame is sent at once, the forecast when it is there. */
export const load = () => ({ city: "Riga", forecast: later("rain from Monday", 20) });
