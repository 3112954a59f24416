/** What stands in a list: a number is an index into the values, all else stands for itself. */
export type PackedItem = number | string | boolean | null | PackedItem[];

/** A JSON value in which each string, number, list and object that occurs more than once is written once. */
export interface Packed {
  /** Key lists of objects. */
  shapes: string[][];
  /** Value 0 is the whole. A list is [-1, ...items], an object [shape, ...items]. */
  values: PackedItem[];
}

/** Keys whose value is undefined are left out, as in JSON. */
export function pack(value: unknown): Packed {
  const shapes: string[][] = [];
  const shapeIndex = new Map<string, number>();
  const values: (string | number | boolean | null | number[])[] = [];
  const index = new Map<string, number>();
  const uses: number[] = [];

  const add = (entry: (typeof values)[number]): number => {
    const key = JSON.stringify(entry);
    let at = index.get(key);
    if (at === undefined) {
      at = values.push(entry) - 1;
      index.set(key, at);
      uses.push(0);
      if (Array.isArray(entry)) for (const used of entry.slice(1)) uses[used] = (uses[used] ?? 0) + 1;
    }
    return at;
  };
  const visit = (item: unknown): number => {
    if (Array.isArray(item)) return add([-1, ...item.map(visit)]);
    if (typeof item === 'object' && item !== null) {
      const entries = Object.entries(item).filter(([, each]) => each !== undefined);
      const keys = entries.map(([key]) => key);
      const shapeKey = JSON.stringify(keys);
      let shape = shapeIndex.get(shapeKey);
      if (shape === undefined) {
        shape = shapes.push(keys) - 1;
        shapeIndex.set(shapeKey, shape);
      }
      return add([shape, ...entries.map(([, each]) => visit(each))]);
    }
    return add(
      typeof item === 'number' || typeof item === 'boolean' || typeof item === 'string' ? item : null
    );
  };
  const root = visit(value);

  // What is used once stands where it is used, but for numbers; of the others, the most used get the shortest indices.
  const isInline = (at: number) => at !== root && uses[at] === 1 && typeof values[at] !== 'number';
  const order = values.map((_, at) => at).filter((at) => at !== root && !isInline(at));
  order.sort((a, b) => (uses[b] ?? 0) - (uses[a] ?? 0));
  order.unshift(root);
  const renumbered = new Map(order.map((old, at) => [old, at]));
  const write = (old: number): PackedItem => {
    const entry = values[old] ?? null;
    if (!Array.isArray(entry)) return entry;
    const [shape = 0, ...items] = entry;
    return [shape, ...items.map((item) => renumbered.get(item) ?? write(item))];
  };
  return { shapes, values: order.map(write) };
}

/** What `pack` was given. A part of the report's page (html-page.ts). */
export function unpack(packed: Packed): unknown {
  const unpacked: unknown[] = [];
  function get(item: PackedItem): unknown {
    return typeof item === 'number'
      ? (unpacked[item] ??= build(packed.values[item] as PackedItem))
      : build(item);
  }
  function build(item: PackedItem): unknown {
    if (!Array.isArray(item)) return item;
    const items = item.slice(1).map(get);
    const shape = packed.shapes[item[0] as number];
    return shape ? Object.fromEntries(shape.map((key, i) => [key, items[i]])) : items;
  }
  return get(0);
}
