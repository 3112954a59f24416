/** ASCII that is to be seen, but for what addresses have. */
const ofOrdinaryIds = new Uint8Array(256).fill(1, 33, 127);
ofOrdinaryIds[64] = 0;

/**
 * Whether it is an id as most are: of such characters, no part of a JSON web token behind a full stop, shorter than a UUID, and, but for a
 * digit, longer than what a missing value is written as.
 */
export function isOrdinaryId(text: string, start: number, end: number): boolean {
  if (end - start > 35) return false;
  let isLong = end - start > 'undefined'.length;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (ofOrdinaryIds[code] !== 1) return false;
    if (code > 47 && code < 58) isLong = true;
    else if (code === 46 && text.charCodeAt(index + 1) === 101) return false;
  }
  return isLong;
}

function isLineEnd(code: number): boolean {
  return code === 10 || code === 13;
}

/** The end of the text if there is none. */
function find(character: string, text: string, start: number): number {
  const index = text.indexOf(character, start);
  return index < 0 ? text.length : index;
}

/** For `\s` in latin1. */
function isSpace(code: number): boolean {
  return code === 32 || (code > 8 && code < 14) || code === 160;
}

/**
 * A block as most are: `event`, `id` and `retry` at most once each, lines of data, comments, and fields whose names begin otherwise; no
 * type without data; values behind one space or none, but for data, and only those of data and of the id are empty; no U+0000. Lines end with LF or CRLF, or, in
 * a text without LF, with CR. Places are indices; those of lines that are not there are -1.
 */
export class PlainBlock {
  end = 0;
  /** How many of its lines, the blank one too, end with CRLF. */
  pairs = 0;
  /** Without the blank one. */
  lines = 0;
  dataLines = 0;
  comments = 0;
  unknownFields = 0;
  /** Of the lines those without a space behind the colon, and of first lines of data those with two. */
  unspaced = 0;
  spaced = 0;
  typeLine = -1;
  typeEnd = -1;
  idLine = -1;
  idEnd = -1;
  retryLine = -1;
  retryEnd = -1;
  /** How many lines are before it. */
  retryIndex = 0;
  /** Of the first line of data its value, of the last its place. */
  data = -1;
  dataLine = -1;
  dataEnd = -1;
  lastLine = -1;
  lastEnd = -1;
  /** Where the values of all lines of data begin and end. */
  #values: number[] = [];
  /** Where unknown fields do. */
  #unknown: number[] = [];
  /** The text has no LF. */
  isOfReturns = false;
  #text = '';
  /** The first CR from some place on, if lines do not end with it alone. */
  #carriageReturn = 0;
  #from = 0;
  /** The next U+0000. */
  #nul = 0;

  /** Blocks of this are read from now on. */
  begin(text: string): void {
    this.#text = text;
    this.isOfReturns = !text.includes('\n');
    this.#from = 0;
    this.#carriageReturn = this.isOfReturns ? text.length : find('\r', text, 0);
    this.#nul = find('\0', text, 0);
  }

  /** Reads the block that begins at `start`; false if it is another, or not whole. */
  read(start: number): boolean {
    this.pairs =
      this.lines =
      this.dataLines =
      this.comments =
      this.unknownFields =
      this.unspaced =
      this.spaced =
        0;
    this.typeLine = this.idLine = this.retryLine = -1;
    const text = this.#text;
    const { isOfReturns } = this;
    const lineEnd = isOfReturns ? '\r' : '\n';
    let at = start;
    for (;;) {
      const first = text.charCodeAt(at);
      if (isLineEnd(first)) break;
      let value = at;
      let isKnown = true;
      if (first === 100) {
        if (text.startsWith('ata:', at + 1)) value += 5;
        // Without a value the colon may be left out.
        else if (text.startsWith('ata', at + 1) && isLineEnd(text.charCodeAt(at + 4))) value += 4;
        else return false;
      } else if (first === 105) value += isLineEnd(text.charCodeAt(at + 2)) ? 2 : 3;
      else if (first === 101 || first === 114) value += 6;
      else if (first > 31) isKnown = false;
      else return false;
      if (isKnown) {
        let opening = text.charCodeAt(value);
        if (opening === 32) opening = text.charCodeAt(++value);
        else if (!isLineEnd(opening)) this.unspaced++;
        if (first !== 100) {
          // An empty value, or the end of the text, where this is NaN.
          if ((!(opening > 13) && !(first === 105 && isLineEnd(opening))) || opening === 32) return false;
        } else if (opening === 32 && this.dataLines === 0) {
          if (isSpace(text.charCodeAt(value + 1))) return false;
          this.spaced++;
        }
      }
      let end = text.indexOf(lineEnd, value);
      if (end < 0) return false;
      const next = end + 1;
      if (value < this.#from || this.#carriageReturn < value) {
        this.#from = value;
        this.#carriageReturn = find('\r', text, value);
      }
      if (this.#carriageReturn < end) {
        if (this.#carriageReturn !== --end) return false;
        this.pairs++;
      }
      if (first === 100) {
        this.#values[2 * this.dataLines] = value;
        this.#values[2 * this.dataLines + 1] = end;
        if (this.dataLines++ === 0) this.data = value;
        this.dataLine = at;
        this.dataEnd = end;
      } else if (first === 58) this.comments++;
      else if (!isKnown) {
        this.#unknown[2 * this.unknownFields] = at;
        this.#unknown[2 * this.unknownFields++ + 1] = end;
      } else if (first === 105) {
        if (this.idLine >= 0 || !text.startsWith(value === at + 2 ? 'd' : 'd:', at + 1)) return false;
        this.idLine = at;
        this.idEnd = end;
      } else if (first === 101) {
        if (this.typeLine >= 0 || !text.startsWith('vent:', at + 1)) return false;
        this.typeLine = at;
        this.typeEnd = end;
      } else {
        if (this.retryLine >= 0 || !text.startsWith('etry:', at + 1)) return false;
        this.retryLine = at;
        this.retryEnd = end;
        this.retryIndex = this.lines;
      }
      this.lastLine = at;
      this.lastEnd = end;
      this.lines++;
      at = next;
    }
    if (!isOfReturns && text.charCodeAt(at) === 13) {
      if (text.charCodeAt(++at) !== 10) return false;
      this.pairs++;
    }
    this.end = at + 1;
    // What comes after a CR may be the LF of a CRLF.
    if (isOfReturns && this.end === text.length) return false;
    if (this.#nul < start) this.#nul = find('\0', text, start);
    return this.#nul >= this.end && (this.dataLines > 0 || this.typeLine < 0);
  }

  /** How often the block that began at `start` comes again at once. */
  repeats(start: number): number {
    const { end } = this;
    const text = this.#text;
    const length = end - start;
    // As above.
    const most = text.length - (this.isOfReturns ? 1 : 0);
    let at = end;
    // Characters before `at` are those of the block, again and again.
    while (at < most && text.charCodeAt(at) === text.charCodeAt(at - length)) at++;
    return Math.floor((at - end) / length);
  }

  /** Line of the `index`-th unknown field. */
  unknownField(index: number): string {
    return this.#text.slice(this.#unknown[2 * index], this.#unknown[2 * index + 1]);
  }

  /** Its data. */
  dataOf(): string {
    const text = this.#text;
    if (this.dataLines === 1) return text.slice(this.data, this.dataEnd);
    const values = this.#values;
    let data = text.slice(values[0], values[1]);
    for (let index = 2; index < 2 * this.dataLines; index += 2)
      data += `\n${text.slice(values[index], values[index + 1])}`;
    return data;
  }
}
