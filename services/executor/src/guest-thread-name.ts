/** What the kernel calls the thread of a connection: so its supervisor finds it. @param thread its number in the flight recorder */
export function guestThreadName(thread: number): string {
  return `nano-guest-${thread}`;
}
