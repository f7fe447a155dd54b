/** What of it tests use: it has no types of its own. */
declare module "faye-websocket" {
  export class Client {
    constructor(url: string, protocols?: readonly string[]);
    readonly protocol: string;
    onopen: (() => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
    onerror: (() => void) | null;
    send(data: string | Buffer): boolean;
    close(code?: number, reason?: string): boolean;
  }
}
