/** Internal slots: values that belong to an object and that nobody else can see or forge. */
export interface Slots<T> {
  get(object: unknown): T | undefined;
  set(object: object, value: T): void;
}

/** @param name of the hidden property that stands in where there is no WeakMap. */
export function createSlots<T>(name: string): Slots<T> {
  if (typeof WeakMap === 'function') return new WeakMap<object, T>() as Slots<T>;
  return {
    get(object) {
      const slot = object
        ? (object as Record<string, { owner: unknown; value: T } | undefined>)[name]
        : undefined;
      return slot && slot.owner === object ? slot.value : undefined;
    },
    set(object, value) {
      Object.defineProperty(object, name, { value: { owner: object, value: value } });
    }
  };
}
