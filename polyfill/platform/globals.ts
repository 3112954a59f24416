/** The global object: a window, a worker's scope, Node's. */
export const root = (
  FOR_OLD_ENGINES && (!FOR_FETCH || typeof globalThis === 'undefined') ? self : globalThis
) as Partial<typeof globalThis>;

/** Whether a value is an object to JavaScript. */
export function isObject(value: unknown): value is object {
  return Object(value) === value;
}

/** Throws a TypeError, which names the value, for what is neither an object nor null nor undefined. */
export function checkObject(value: unknown, name: string): void {
  if (value !== undefined && value !== null && !isObject(value)) {
    throw new TypeError(name + ' is not an object');
  }
}

export function ignore(): void {}
