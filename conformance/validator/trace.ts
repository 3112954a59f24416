import { isAscii, isUtf8 } from 'node:buffer';
import { interpretTheEventStream, type Branch } from '../../polyfill/event-stream.ts';
import { findFaults, incompleteTail } from './utf8-faults.ts';

export type { Branch } from '../../polyfill/event-stream.ts';

/** One line, and what the standard made of it. Texts are latin1: one character per byte. */
export interface TracedLine {
  branch: Branch;
  /** Without its end. */
  text: string;
  /** Of its first byte in the body, from 0. */
  offset: number;
  /** From 1. */
  number: number;
  /** When its end came, in ms of the observation's clock. */
  at: number;
}

/** One read of the connection. */
export interface Read {
  /** From 0. */
  number: number;
  /** When it came, in ms of the observation's clock. */
  at: number;
  /** How many ended in it so far. */
  blocks: number;
}

/** The lines since a blank line. */
export interface UnfinishedBlock {
  offset: number;
  /** Number of its first line. */
  line: number;
  lines: number;
  /** In which its first byte came. */
  firstRead: Read;
  dataLines: number;
  /** Value of the last `event` line, latin1. */
  type: string | undefined;
  /** Value of the last `id` line, latin1. */
  id: string | undefined;
}

/** The lines up to a blank line. */
export interface TracedBlock extends UnfinishedBlock {
  /** In which its blank line came. */
  lastRead: Read;
  /** What was dispatched, as latin1. */
  event: { type: string; data: string; lastEventId: string } | undefined;
  /** No event came before it. */
  isFirst: boolean;
}

/** What has come since a blank line. */
export interface Pending {
  block: UnfinishedBlock;
  /** Of the block. */
  firstDataLine: TracedLine | undefined;
  /** The beginning of a line without end, '' if there is none; and where that begins, and in which read. */
  unfinished: string;
  offset: number;
  firstRead: Read;
}

/** Ill-formed UTF-8, or the place of something else, in the body. */
export interface Place {
  offset: number;
  line: number;
  at: number;
  /** The bytes around, latin1. */
  excerpt: string;
}

/**
 * Blocks with a line of this field (with `event` also the next after one that has a type and no data); or those that dispatch data which
 * begins with one of these bytes, latin1 (and empty data, with ''), or is longer; or the first that ends in each read.
 */
export type WantedBlocks =
  | { field: 'event' | 'id' }
  | { opening: string[]; sample?: true }
  | { longerThan: number }
  | { first: 'of each read' };

/** Of events, those that come with `sample` whatever they begin with. */
const sampled = 16;

/** Told of each thing as it is read. */
export interface TraceObserver {
  /** The lines that `line` is told of; default: all. */
  branches?: Branch[];
  /** Of those only such: what is not wanted costs less. Of an `event` line it must depend on the text alone: the next of the same is not asked about. */
  looksLike?(text: string): boolean;
  line?(line: TracedLine, block: UnfinishedBlock): void;
  /** The blocks that `block` is told of; default: all. */
  blocks?: WantedBlocks;
  /** A blank line: `block.event` is there if it dispatched one. Who wants all of them and answers `enough` is told of no more. */
  block?(block: TracedBlock): unknown;
  utf8Fault?(place: Place): void;
  /** A UTF-8 sequence begins at `offset` in one read and ends in another. */
  splitSequence?(offset: number, at: number): void;
}

export type LineEnd = 'LF' | 'CRLF' | 'CR';

/** Bytes of one line, or of one block, from which nothing more is read into memory. */
const longestLine = 4 * 1024 * 1024;
const longestBlock = 4 * 1024 * 1024;
/** Each line of a block costs 64 bytes, however short it is. */
const mostLines = 100_000;
/**
 * Bytes that become one string. Strings that outlive a scavenge make V8's young generation grow: with those of 64 KiB the flood of
 * flood.built.test.ts took 20 MB more.
 */
const pieceBytes = 8 * 1024;
/** Bytes shown before and after a place. */
const excerptBytes = 24;

/** The text of bytes that were decoded as latin1. */
export function decodeUtf8(latin1: string): string {
  return isPlain(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8');
}

function isPlain(latin1: string): boolean {
  // eslint-disable-next-line no-control-regex
  return !/[^\x00-\x7f]/.test(latin1);
}

/** The bytes around the `column`-th of a line, latin1. */
export function excerptAround(text: string, column = 0): string {
  return text.slice(Math.max(0, column - excerptBytes), column + excerptBytes);
}

/**
 * Reads the bytes of one body as the standard does, and keeps the exact place and time of everything.
 * Memory is bounded: what is longer than a line or a block may be stops the reading (`overflow`).
 */
export class Trace {
  /** Bytes pushed. */
  bytes = 0;
  lines = 0;
  blankLines = 0;
  comments = 0;
  events = 0;
  /** Data lines, dispatched or not. */
  dataLines = 0;
  /** A leading BOM was there and is no part of the first line. */
  bom = false;
  /** How lines ended, with the offset of the first line that did. */
  ends: Partial<Record<LineEnd, { count: number; offset: number; line: number }>> = {};
  /** ms, of the last `retry` that counted. */
  reconnectionTime: number | undefined;
  lastEventId = '';
  /** What was too long to be read on, and from where on nothing was read. */
  overflow: { what: string; offset: number; line: number } | undefined;
  /** In which the last bytes came, and the last data line. */
  lastRead: Read | undefined;
  lastDataRead: Read | undefined;
  /** Texts of the last line, and of the last data line. */
  lastText = '';
  lastDataText: string | undefined;

  /** Offset of the line that is not ended. */
  #cursor = 0;
  #base = 0;
  #text = '';
  /** The same object for all that comes in one: a time of its own in each block would be most of the garbage. */
  #read: Read = { number: -1, at: 0, blocks: 0 };
  #afterCarriageReturn: { offset: number; line: number } | undefined;
  #opening: Buffer | undefined = Buffer.alloc(0);
  #sequence: Buffer = Buffer.alloc(0);
  #faults: number[] = [];
  #block: UnfinishedBlock;
  /** The first of `#block`, if that has any: the same object for all of them, as above. */
  #firstDataLine: TracedLine = { branch: 'data', text: '', offset: 0, number: 0, at: 0 };
  /** Lines of `#block` that are neither comments nor a `retry` that counts; and the blocks that had such. */
  #fields = 0;
  #blocks = 0;
  #firstReadOfLine: Read = this.#read;
  /** The last event: the same object for all of them, as above. */
  #dispatched = { type: '', data: '', lastEventId: '' };
  #unfinished = '';
  #interpret: (text: string) => void;
  #observers: TraceObserver[];
  #ofLines: Partial<Record<Branch, TraceObserver[]>> = {};
  #ofDataLines: TraceObserver[];
  /** The last line of a type that nobody wanted, and the last value of one: in most streams all are the same. */
  #unwantedType = '';
  #type = '';
  #ofBlankLines: boolean;
  /** Of all blocks, and of those that are wanted so. */
  #ofBlocks: TraceObserver[];
  #ofFirsts: TraceObserver[];
  #ofTypes: TraceObserver[];
  #ofIds: TraceObserver[];
  #ofLongData: { longerThan: number; observer: TraceObserver }[];
  #ofOpenings = new Map<string, TraceObserver[]>();
  #ofSamples: TraceObserver[];
  #longest = Infinity;
  /** The last block had a type and no data. */
  #afterType = false;

  constructor(observers: TraceObserver[] = []) {
    this.#observers = observers;
    this.#ofBlocks = observers.filter(({ block, blocks }) => block && !blocks);
    const thatWant = (looks: (blocks: WantedBlocks) => boolean) =>
      observers.filter(({ blocks }) => blocks && looks(blocks));
    this.#ofFirsts = thatWant((blocks) => 'first' in blocks);
    this.#ofSamples = thatWant((blocks) => 'sample' in blocks);
    this.#ofTypes = thatWant((blocks) => 'field' in blocks && blocks.field === 'event');
    this.#ofIds = thatWant((blocks) => 'field' in blocks && blocks.field === 'id');
    this.#ofLongData = [];
    for (const observer of observers) {
      const { blocks } = observer;
      if (blocks && 'longerThan' in blocks) {
        this.#ofLongData.push({ ...blocks, observer });
        this.#longest = Math.min(this.#longest, blocks.longerThan);
      }
      if (!blocks || !('opening' in blocks)) continue;
      for (const opening of blocks.opening) {
        this.#ofOpenings.set(opening, [...(this.#ofOpenings.get(opening) ?? []), observer]);
      }
    }
    this.#ofDataLines = this.#observersOf('data');
    this.#ofBlankLines =
      this.#observersOf('dispatched').length + this.#observersOf('nothing to dispatch').length > 0;
    this.#block = this.#newBlock(0);
    this.#interpret = interpretTheEventStream(
      {
        setTheLastEventIdString: (id) => (this.lastEventId = id),
        setTheReconnectionTime: (time) => (this.reconnectionTime = time),
        dispatchTheEvent: (type, data, lastEventId) => {
          const dispatched = this.#dispatched;
          this.lastEventId = dispatched.lastEventId = lastEventId;
          dispatched.type = type;
          dispatched.data = data;
        },
        trace: (branch, text) => this.#traceLine(branch, text)
      },
      ''
    );
  }

  /** Whether the standard would drop something if the body ended now: lines of a block, or part of a line. */
  get pending(): Pending | undefined {
    const unfinished = this.#unfinished.slice(0, 200);
    if (this.#block.lines === 0 && unfinished === '') return undefined;
    return {
      block: this.#block,
      firstDataLine: this.#block.dataLines > 0 ? { ...this.#firstDataLine } : undefined,
      unfinished,
      offset: this.#cursor,
      firstRead: this.#firstReadOfLine
    };
  }

  /** Blocks that hold more than comments and a `retry`, the unfinished one too. */
  get blocks(): number {
    return this.#blocks + (this.#fields > 0 || /^(?!:|retry:)[^]/.test(this.#unfinished) ? 1 : 0);
  }

  /** Takes the bytes of one read at `at` ms. */
  push(bytes: Buffer, at: number): void {
    this.lastRead = this.#read = { number: this.#read.number + 1, at, blocks: 0 };
    this.bytes += bytes.length;
    if (!this.overflow) {
      if (this.#opening) this.#open(bytes);
      else this.#take(bytes);
    }
  }

  /** The body is over, or is read no longer: what is left of it is looked at. A character that was cut by the reader is no fault. */
  end(at: number, ended = true): void {
    this.#read = { ...this.#read, at };
    if (this.#opening) {
      const opening = this.#opening;
      this.#opening = undefined;
      this.#take(opening);
    }
    if (this.#afterCarriageReturn)
      this.#countEnd('CR', this.#afterCarriageReturn.offset, this.#afterCarriageReturn.line);
    this.#afterCarriageReturn = undefined;
    if (ended && !this.overflow && this.#sequence.length > 0) {
      findFaults(this.#sequence, this.bytes - this.#sequence.length, this.#faults);
    }
    this.#sequence = Buffer.alloc(0);
    this.#reportFaults(this.#unfinished, this.#cursor, Infinity, this.lines + 1);
    this.#interpret = () => {};
  }

  #open(bytes: Buffer): void {
    const opening = this.#opening!.length === 0 ? bytes : Buffer.concat([this.#opening!, bytes]);
    const mark = [0xef, 0xbb, 0xbf];
    if (opening.length < 3 && mark.slice(0, opening.length).every((byte, i) => opening[i] === byte)) {
      // The bytes of a read are its owner's again after it.
      this.#opening = Buffer.from(opening);
      return;
    }
    this.#opening = undefined;
    this.bom = mark.every((byte, i) => opening[i] === byte);
    if (this.bom) {
      this.#cursor = this.#base = 3;
      this.#block = this.#newBlock(3);
    }
    this.#take(this.bom ? opening.subarray(3) : opening);
  }

  #take(bytes: Buffer): void {
    this.#checkUtf8(bytes);
    for (let index = 0; index < bytes.length && !this.overflow; index += pieceBytes) {
      this.#readPiece(bytes.toString('latin1', index, index + pieceBytes));
    }
  }

  #readPiece(text: string): void {
    this.#text = text;
    if (this.#afterCarriageReturn) {
      if (text.charCodeAt(0) === 10) {
        this.#cursor++;
        if (this.#block.lines === 0) this.#block.offset = this.#cursor;
        this.#countEnd('CRLF', this.#afterCarriageReturn.offset, this.#afterCarriageReturn.line);
      } else this.#countEnd('CR', this.#afterCarriageReturn.offset, this.#afterCarriageReturn.line);
      this.#afterCarriageReturn = undefined;
    }
    const before = this.lines;
    if (this.#unfinished === '') this.#firstReadOfLine = this.#read;
    this.#interpret(text);
    const end = this.#base + text.length;
    // All of it, or what this piece adds to it.
    if (this.lines > before || this.#unfinished === '') {
      this.#unfinished = this.#cursor < end ? text.slice(this.#cursor - this.#base) : '';
      if (this.#unfinished !== '' && this.lines > before) this.#firstReadOfLine = this.#read;
    } else if (this.#unfinished.length < 4096) this.#unfinished += text.slice(0, 4096);
    this.#base = end;
    this.#text = '';
    const { offset, line, lines } = this.#block;
    if (end - this.#cursor > longestLine)
      this.#overflowAt('line of more than 4 MiB', this.#cursor, this.lines + 1);
    else if (end - offset > longestBlock) this.#overflowAt('block of more than 4 MiB', offset, line);
    else if (lines > mostLines) this.#overflowAt('block of more than 100,000 lines', offset, line);
  }

  #overflowAt(what: string, offset: number, line: number): void {
    this.overflow = { what, offset, line };
    this.#interpret = () => {};
  }

  #newBlock(offset: number): UnfinishedBlock {
    return {
      offset,
      line: this.lines + 1,
      lines: 0,
      firstRead: this.#read,
      dataLines: 0,
      type: undefined,
      id: undefined
    };
  }

  #traceLine(branch: Branch, text: string): void {
    const offset = this.#cursor;
    const number = ++this.lines;
    const endIndex = offset + text.length - this.#base;
    this.#cursor = offset + text.length + 1;
    const { ends } = this;
    if (this.#text.charCodeAt(endIndex) === 10) {
      if (ends.LF) ends.LF.count++;
      else ends.LF = { count: 1, offset, line: number };
    } else if (endIndex + 1 === this.#text.length) this.#afterCarriageReturn = { offset, line: number };
    else if (this.#text.charCodeAt(endIndex + 1) === 10) {
      this.#cursor++;
      this.#countEnd('CRLF', offset, number);
    } else this.#countEnd('CR', offset, number);

    if (this.#faults.length > 0) this.#reportFaults(text, offset, this.#cursor, number);
    const block = this.#block;
    if (text === '') {
      this.#firstReadOfLine = this.#read;
      if (this.#ofBlankLines) this.#tellLine(this.#observersOf(branch), branch, text, offset, number);
      this.#endBlock(block, branch === 'dispatched');
      return;
    }
    if (block.lines++ === 0) block.firstRead = this.#firstReadOfLine;
    this.#firstReadOfLine = this.#read;
    this.lastText = text;
    if (branch === 'data') {
      this.#fields++;
      this.dataLines++;
      if (block.dataLines++ === 0) {
        const first = this.#firstDataLine;
        first.text = text;
        first.offset = offset;
        first.number = number;
        first.at = this.#read.at;
      }
      this.lastDataRead = this.#read;
      this.lastDataText = text;
      this.#tellLine(this.#ofDataLines, branch, text, offset, number);
      return;
    }
    if (branch === 'comment') this.comments++;
    else if (branch !== 'retry') {
      this.#fields++;
      if (branch === 'event') {
        // One and the same string: who looks it up finds it sooner.
        if (text === this.#unwantedType) {
          block.type = this.#type;
          return;
        }
        block.type = this.#type = fieldValue(text);
        const isWanted = this.#tellLine(this.#observersOf(branch), branch, text, offset, number);
        this.#unwantedType = isWanted ? '' : text;
        return;
      }
      if (branch === 'id') block.id = fieldValue(text);
    }
    this.#tellLine(this.#observersOf(branch), branch, text, offset, number);
  }

  /** Whether somebody wanted it. */
  #tellLine(
    observers: TraceObserver[],
    branch: Branch,
    text: string,
    offset: number,
    number: number
  ): boolean {
    let line: TracedLine | undefined;
    for (const observer of observers) {
      if (observer.looksLike && !observer.looksLike(text)) continue;
      line ??= { branch, text, offset, number, at: this.#read.at };
      observer.line!(line, this.#block);
    }
    return line !== undefined;
  }

  #endBlock(before: UnfinishedBlock, isEvent: boolean): void {
    this.blankLines++;
    const { offset, line, lines, firstRead, dataLines, type, id } = before;
    // What is empty is told to nobody, and is used again.
    before.offset = this.#cursor;
    before.line = this.lines + 1;
    if (lines === 0) return;
    if (this.#fields > 0) this.#blocks++;
    this.#fields = 0;
    before.lines = before.dataLines = 0;
    before.type = before.id = undefined;
    const read = this.#read;
    const dispatched = this.#dispatched;
    const ofFirsts = read.blocks++ === 0 && this.#ofFirsts.length > 0;
    const ofTypes = (type !== undefined || this.#afterType) && this.#ofTypes.length > 0;
    const ofIds = id !== undefined && this.#ofIds.length > 0;
    let ofOpening: TraceObserver[] | undefined;
    let ofLongData = false;
    if (isEvent) {
      this.events++;
      const { data } = dispatched;
      ofOpening = this.#ofOpenings.get(data === '' ? '' : data[0]!);
      if (this.events <= sampled && this.#ofSamples.length > 0)
        ofOpening = [...new Set([...(ofOpening ?? []), ...this.#ofSamples])];
      ofLongData = data.length > this.#longest;
    }
    this.#afterType = type !== undefined && !isEvent;
    if (this.#ofBlocks.length === 0 && !ofOpening && !ofFirsts && !ofTypes && !ofIds && !ofLongData) return;
    const block: TracedBlock = {
      offset,
      line,
      lines,
      firstRead,
      dataLines,
      type,
      id,
      lastRead: read,
      event: isEvent ? copyOf(dispatched) : undefined,
      isFirst: this.events === (isEvent ? 1 : 0)
    };
    for (const observer of this.#ofBlocks) {
      if (observer.block!(block) === 'enough')
        this.#ofBlocks = this.#ofBlocks.filter((each) => each !== observer);
    }
    if (ofFirsts) for (const observer of this.#ofFirsts) observer.block!(block);
    if (ofTypes) for (const observer of this.#ofTypes) observer.block!(block);
    if (ofIds) for (const observer of this.#ofIds) observer.block!(block);
    if (ofLongData)
      for (const { longerThan, observer } of this.#ofLongData)
        if (dispatched.data.length > longerThan) observer.block!(block);
    if (ofOpening) for (const observer of ofOpening) observer.block!(block);
  }

  #observersOf(branch: Branch): TraceObserver[] {
    return (this.#ofLines[branch] ??= this.#observers.filter(
      ({ line, branches }) => line && (!branches || branches.includes(branch))
    ));
  }

  #countEnd(end: LineEnd, offset: number, line: number): void {
    const counted = this.ends[end];
    if (counted) counted.count++;
    else this.ends[end] = { count: 1, offset, line };
  }

  #checkUtf8(bytes: Buffer): void {
    if (this.#sequence.length === 0 && isAscii(bytes)) return;
    const whole = this.#sequence.length === 0 ? bytes : Buffer.concat([this.#sequence, bytes]);
    const offset = this.#base - this.#sequence.length;
    if (this.#sequence.length > 0) {
      for (const observer of this.#observers) observer.splitSequence?.(offset, this.#read.at);
    }
    const tail = incompleteTail(whole);
    const complete = whole.subarray(0, whole.length - tail);
    this.#sequence = Buffer.from(whole.subarray(whole.length - tail));
    if (!isUtf8(complete)) findFaults(complete, offset, this.#faults);
  }

  /** Those before `end`, in the line `text` that begins at `start`. */
  #reportFaults(text: string, start: number, end: number, line: number): void {
    while (this.#faults.length > 0 && this.#faults[0]! < end) {
      const offset = this.#faults.shift()!;
      const excerpt = excerptAround(text, Math.max(0, offset - start));
      for (const observer of this.#observers) {
        observer.utf8Fault?.({ offset, line, at: this.#read.at, excerpt });
      }
    }
  }
}

/** Much faster than a spread. */
function copyOf({ type, data, lastEventId }: NonNullable<TracedBlock['event']>) {
  return { type, data, lastEventId };
}

/** "If value starts with a U+0020 SPACE character, remove it from value." */
export function fieldValue(line: string): string {
  if (line === lastLine) return lastValue;
  const colon = line.indexOf(':');
  lastLine = line;
  lastValue = colon < 0 ? '' : line.slice(colon + (line.charCodeAt(colon + 1) === 32 ? 2 : 1));
  return lastValue;
}

/** Many rules ask for the value of one line. */
let lastLine = '';
let lastValue = '';
