/** Installs the APIs that stand by themselves: no request, no stream. */
export function installLeaves(): void {}
