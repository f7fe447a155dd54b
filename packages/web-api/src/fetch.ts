export function deliverFetchEvent(
  _event: number,
  _id: number,
  _a: unknown,
  _b: unknown,
  _c: unknown,
  _d: unknown,
): void {}
