import { root } from './globals.ts';

interface Slots {
  get(object: object): object | undefined;
  set(object: object, value: object): void;
}

const name = '[[slots]]';

/** Internal slots: a value that belongs to an object, and that nobody else can see or forge. */
export const slots: Slots =
  FOR_OLD_ENGINES && !root.WeakMap
    ? {
        get(object) {
          const slot = Object.getOwnPropertyDescriptor(Object(object), name);
          return slot && (slot.value as object);
        },
        set(object, value) {
          Object.defineProperty(object, name, { value: value });
        }
      }
    : /* @__PURE__ */ new WeakMap();
