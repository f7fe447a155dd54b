/** In place of the package of that name, which streams ask for where the platform has none. */
const { AbortController, AbortSignal } = globalThis;

export { AbortController, AbortSignal };
export default AbortController;
