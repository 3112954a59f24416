/** Among so many of the last ids one that comes again is repeated. */
const mostRecentIds = 20;

/** The last ids, to find one that comes again. */
export class RecentIds {
  #ids: string[] = [];
  #next = 0;
  #greatest = '';

  has(id: string): boolean {
    // Most are numbers or times that grow.
    return !isGreater(id, this.#greatest) && this.#ids.includes(id);
  }

  add(id: string): void {
    this.#ids[this.#next] = id;
    this.#next = (this.#next + 1) % mostRecentIds;
    if (isGreater(id, this.#greatest)) this.#greatest = id;
    else if (this.#next === 0) this.#greatest = this.#ids.reduce((a, b) => (isGreater(b, a) ? b : a));
  }
}

function isGreater(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
