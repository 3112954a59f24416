/** Throws a TypeError that names the option unless its value is absent or of the type. */
export function check(name: string, value: unknown, type: 'function' | 'string'): void {
  if (value !== undefined && typeof value !== type) throw new TypeError(`${name} is not a ${type}`);
}

/** Throws a TypeError or RangeError that names the option unless its value is absent or a number from `min` to `max`. */
export function checkNumber(name: string, value: unknown, min: number, max = Infinity): void {
  if (value === undefined) return;
  if (typeof value !== 'number') throw new TypeError(`${name} is not a number`);
  if (!(value >= min && value <= max)) throw new RangeError(`${name} is not from ${min} to ${max}: ${value}`);
}
