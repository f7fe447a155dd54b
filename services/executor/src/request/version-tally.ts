/** Requests of a version that were answered, and those of them that failed. */
export class VersionTally {
  readonly since: string;
  requestCount = 0;
  errorCount = 0;

  constructor(since: string) {
    this.since = since;
  }

  count(isFailed: boolean): void {
    this.requestCount += 1;
    if (isFailed) this.errorCount += 1;
  }
}
