/** Among so many of the last ids one that comes again is repeated. */
const mostRecentIds = 20;

/** The last ids, to find one that comes again. */
export class RecentIds {
  #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    if (this.#ids.size === mostRecentIds) this.#ids.delete(this.#ids.values().next().value!);
    this.#ids.add(id);
  }
}
