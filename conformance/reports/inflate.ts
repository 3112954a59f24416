/**
 * Undoes raw deflate (RFC 1951), for browsers that have no DecompressionStream, and at once. A part of the report's page (html-page.ts).
 *
 * @param base64 what was compressed, in base64
 * @returns one character per byte
 */
export function inflate(base64: string): string {
  /** Its children by the next bit, or the symbol that is then complete. */
  type Node = (Node | number)[];
  const input = atob(base64);
  const output: number[] = [];
  let at = 0;
  let held = 0;
  let heldBits = 0;

  function take(bits: number): number {
    for (; heldBits < bits; heldBits += 8) held |= input.charCodeAt(at++) << heldBits;
    const value = held & ((1 << bits) - 1);
    held >>>= bits;
    heldBits -= bits;
    return value;
  }
  function createTree(lengths: number[]): Node {
    const root: Node = [];
    let code = 0;
    for (let length = 1; length < 16; length++) {
      code <<= 1;
      lengths.forEach((each, symbol) => {
        if (each !== length) return;
        let node = root;
        for (let bit = length - 1; bit > 0; bit--) node = (node[(code >> bit) & 1] ??= []) as Node;
        node[code++ & 1] = symbol;
      });
    }
    return root;
  }
  function decode(tree: Node): number {
    let node: Node | number = tree;
    while (typeof node === 'object') node = node[take(1)] as Node | number;
    return node;
  }
  function readTrees(): [Node, Node] {
    const literals = take(5) + 257;
    const distances = take(5) + 1;
    const count = take(4) + 4;
    const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    const ofLengths = order.map(() => 0);
    for (const symbol of order.slice(0, count)) ofLengths[symbol] = take(3);
    const tree = createTree(ofLengths);
    const lengths: number[] = [];
    while (lengths.length < literals + distances) {
      const symbol = decode(tree);
      const before = lengths[lengths.length - 1] as number;
      if (symbol < 16) lengths.push(symbol);
      else if (symbol === 16) for (let n = take(2) + 3; n > 0; n--) lengths.push(before);
      else for (let n = symbol === 17 ? take(3) + 3 : take(7) + 11; n > 0; n--) lengths.push(0);
    }
    return [createTree(lengths.slice(0, literals)), createTree(lengths.slice(literals))];
  }
  function fixedTrees(): [Node, Node] {
    const lengths = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
    return [createTree(lengths), createTree(Array.from({ length: 32 }, () => 5))];
  }
  /** Codes come in groups of `group`, each group with one more bit to follow than the one before. */
  function readNumber(code: number, group: number): number {
    if (code < 2 * group) return code;
    const bits = Math.floor(code / group) - 1;
    return ((group + (code % group)) << bits) + take(bits);
  }

  for (let isLast = 0; !isLast;) {
    isLast = take(1);
    const type = take(2);
    if (type === 0) {
      take(heldBits % 8);
      const length = take(16);
      take(16);
      for (let n = length; n > 0; n--) output.push(take(8));
      continue;
    }
    const [literals, distances] = type === 1 ? fixedTrees() : readTrees();
    for (;;) {
      const symbol = decode(literals);
      if (symbol < 256) output.push(symbol);
      else if (symbol === 256) break;
      else {
        const length = symbol === 285 ? 258 : readNumber(symbol - 257, 4) + 3;
        const from = output.length - 1 - readNumber(decode(distances), 2);
        for (let n = 0; n < length; n++) output.push(output[from + n] as number);
      }
    }
  }
  let text = '';
  for (let n = 0; n < output.length; n += 8192) text += String.fromCharCode(...output.slice(n, n + 8192));
  return text;
}
