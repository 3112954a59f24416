/** The global object: a window, a worker's scope, Node's. */
export const root = (
  typeof globalThis === 'undefined' ? (typeof self === 'undefined' ? window : self) : globalThis
) as typeof globalThis;
