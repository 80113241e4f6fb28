/** Taken requests are forgotten so many at a time: to shift them one by one would move all the others each time. */
const FORGOTTEN_AT_ONCE = 4_096;

/** Requests to be sent, in the order in which they were added; what comes back goes first, the lowest number before the others. */
export class RequestQueue<Request extends { number: number }> {
  private added: Request[] = [];
  private taken = 0;
  private readonly returned: Request[] = [];

  add(request: Request): void {
    this.added.push(request);
  }

  giveBack(request: Request): void {
    const place = this.returned.findIndex(({ number }) => number > request.number);
    this.returned.splice(place === -1 ? this.returned.length : place, 0, request);
  }

  take(): Request | undefined {
    const again = this.returned.shift();
    if (again !== undefined) return again;
    const request = this.added[this.taken];
    if (request === undefined) return undefined;
    this.taken += 1;
    if (this.taken === FORGOTTEN_AT_ONCE) {
      this.added = this.added.slice(this.taken);
      this.taken = 0;
    }
    return request;
  }
}
