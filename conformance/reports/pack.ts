/** A JSON value in which each distinct string, number, list and object is written once. */
export interface Packed {
  /** Key lists of objects. */
  shapes: string[][];
  /** Value 0 is the whole. A list is [-1, ...values], an object [shape, ...values], each value being an index into this list. */
  values: (string | number | boolean | null | number[])[];
}

/** Keys whose value is undefined are left out, as in JSON. */
export function pack(value: unknown): Packed {
  const shapes: string[][] = [];
  const shapeIndex = new Map<string, number>();
  const values: Packed['values'] = [];
  const index = new Map<string, number>();
  const uses: number[] = [];

  const add = (entry: Packed['values'][number]): number => {
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

  // The most used get the shortest indices.
  const order = values.map((_, at) => at).sort((a, b) => (uses[b] ?? 0) - (uses[a] ?? 0));
  order.splice(order.indexOf(root), 1);
  order.unshift(root);
  const renumbered = new Map(order.map((old, at) => [old, at]));
  return {
    shapes,
    values: order.map((old) => {
      const entry = values[old] ?? null;
      return Array.isArray(entry)
        ? entry.map((each, i) => (i ? (renumbered.get(each) as number) : each))
        : entry;
    })
  };
}
