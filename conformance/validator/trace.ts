import { isAscii, isUtf8 } from 'node:buffer';
import { interpretTheEventStream } from '../../polyfill/event-stream.ts';
import { excerptAround, fieldValue } from './latin1.ts';
import { isOrdinaryId, PlainBlock } from './plain-block.ts';
import { RecentIds } from './recent-ids.ts';
import {
  type Branch,
  type LastEvent,
  type LineEnd,
  type Pending,
  type Read,
  type TraceObserver,
  type TracedBlock,
  type TracedLine,
  type UnfinishedBlock,
  type WantedBlocks,
  sampled
} from './trace-observer.ts';
import { findFaults, incompleteTail } from './utf8-faults.ts';

/** Bytes; longer ones are not kept. */
export const longestId = 4096;
/** Types that are kept, and bytes of one. */
const mostTypes = 1000;
const longestType = 1000;

/** A line of a type of which nobody is told more: who counts it, and how often it came since. */
interface UnwantedType {
  line: string;
  value: string;
  observers: TraceObserver[];
  times: number;
}
const nobody: TraceObserver[] = [];

/** Who wants events of an opening, ids, or lines of unknown fields; whether it only counts them by now, and how often it was not told. */
interface Interest {
  observer: TraceObserver;
  only: Extract<WantedBlocks, { opening: unknown }>['only'];
  isCounting: boolean;
  times: number;
}
/** For data that is empty, beside those of bytes. */
const emptyOpening = 256;
const everyOpening = Array.from({ length: emptyOpening + 1 }, (_, opening) => opening);

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
  /** Those that counted, and the last of them. */
  retries = 0;
  lastRetry: TracedLine | undefined;
  /** Lines of fields with a value and no space before it, and with two. */
  unspaced = 0;
  spaced = 0;
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

  /** The same object for all of them. */
  lastEvent: LastEvent | undefined;

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
  /** The last line of a type that nobody wants more, and of a retry that nobody wanted, and their values: in most streams all are the same. */
  #unwantedType: UnwantedType | undefined;
  #unwantedRetry = '';
  /** The last id, which counts from the end of its block on. */
  #id = '';
  #ofBlankLines: boolean;
  /** Of all events, and of blocks that are wanted so. */
  #ofBlocks: TraceObserver[];
  #ofFirsts: TraceObserver[];
  #ofTypes: TraceObserver[];
  #ofNewTypes: TraceObserver[];
  #ofTypesByName = new Map<string, TraceObserver[]>();
  #ofIds: Interest[];
  #ofRepeatedIds: Interest[];
  #ofLongData: { longerThan: number; observer: TraceObserver }[];
  #ofOpenings: Interest[][] = everyOpening.map(() => []);
  #ofSamples: Interest[] = [];
  #interests: Interest[] = [];
  #longest = Infinity;
  /** The last block had a type and no data. */
  #afterType = false;
  /** The types of events; the lines of a type of which nobody wants more; and those of whose events nobody does either. */
  #types = new Set<string>();
  #unwantedTypes = new Map<string, UnwantedType>();
  #settledTypes = new Set<UnwantedType>();
  #recentIds = new RecentIds();
  /** Who wants the lines of a `PlainBlock` too: of data, of comments, and of ids. */
  #ofPlainData: Set<TraceObserver>;
  #ofPlainComments: Set<TraceObserver>;
  #ofPlainIds: Set<TraceObserver>;
  /** And of ids as most are. */
  #ofOrdinaryIds: Set<TraceObserver>;
  /** Who only counts, and wants the block that is looked at: the first `#countedNow` of these. */
  #counted: Interest[] = [];
  #countedNow = 0;
  /** Who only counts lines of unknown fields. */
  #countingUnknown = new Map<TraceObserver, Interest>();
  #plain = new PlainBlock();
  /** Whether one with data may be plain. */
  #mayHaveEvents = false;
  /** What `only` is asked about of it. */
  #seen = { dataLines: 1, type: undefined as string | undefined, id: undefined as string | undefined };

  constructor(observers: TraceObserver[] = []) {
    this.#observers = observers;
    this.#ofBlocks = observers.filter(({ block, blocks }) => block && !blocks);
    const thatWant = (looks: (blocks: WantedBlocks) => boolean) =>
      observers.filter(({ blocks }) => blocks && looks(blocks));
    this.#ofFirsts = thatWant((blocks) => 'first' in blocks);
    this.#ofTypes = thatWant((blocks) => 'type' in blocks && typeof blocks.type === 'string');
    this.#ofNewTypes = thatWant((blocks) => 'type' in blocks && blocks.type === 'without data, next and new');
    const ofIds = (wanted: string) =>
      thatWant((blocks) => 'id' in blocks && blocks.id === wanted).map((observer) =>
        this.#interestOf(observer)
      );
    this.#ofIds = ofIds('without data');
    this.#ofRepeatedIds = ofIds('repeated');
    this.#ofLongData = [];
    for (const observer of observers) {
      const { blocks } = observer;
      if (blocks && 'longerThan' in blocks) {
        this.#ofLongData.push({ ...blocks, observer });
        this.#longest = Math.min(this.#longest, blocks.longerThan);
      }
      if (blocks && 'type' in blocks && typeof blocks.type !== 'string')
        for (const type of blocks.type)
          this.#ofTypesByName.set(type, [...(this.#ofTypesByName.get(type) ?? []), observer]);
      if (!blocks || !('opening' in blocks)) continue;
      const interest = this.#interestOf(observer, blocks.only);
      if (blocks.sample) this.#ofSamples.push(interest);
      const openings = blocks.opening === 'any' ? everyOpening : blocks.opening.map(openingOf);
      for (const opening of openings) this.#ofOpenings[opening]!.push(interest);
    }
    this.#ofDataLines = this.#observersOf('data');
    this.#ofPlainData = new Set(this.#ofDataLines.filter(({ odd }) => !odd));
    this.#ofPlainComments = new Set(this.#observersOf('comment').filter(({ odd }) => !odd));
    this.#ofPlainIds = new Set(this.#observersOf('id'));
    this.#ofOrdinaryIds = new Set(this.#observersOf('id').filter(({ odd }) => !odd));
    this.#ofBlankLines =
      this.#observersOf('dispatched').length + this.#observersOf('nothing to dispatch').length > 0;
    this.#block = this.#newBlock(0);
    this.#interpret = interpretTheEventStream(
      {
        // The interpreter does not know the ids of what is read without it: `#id` does.
        setTheLastEventIdString: () => {},
        setTheReconnectionTime: (time) => (this.reconnectionTime = time),
        dispatchTheEvent: (type, data) => {
          const dispatched = this.#dispatched;
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
    // Where lines end with CRLF, an LF may be on its way.
    if (ended || this.ends.CR || !this.ends.CRLF) this.#endAfterCarriageReturn();
    if (ended && !this.overflow && this.#sequence.length > 0) {
      findFaults(this.#sequence, this.bytes - this.#sequence.length, this.#faults);
    }
    this.#sequence = Buffer.alloc(0);
    this.#reportFaults(this.#unfinished, this.#cursor, Infinity, this.lines + 1);
    for (const { times, observers } of this.#unwantedTypes.values())
      if (times > 0) for (const observer of observers) observer.again?.(times);
    for (const { times, observer } of this.#interests) if (times > 0) observer.again?.(times);
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
    if (this.#ofBlankLines) return this.#interpretPart(text);
    this.#mayHaveEvents =
      this.#ofPlainData.size === 0 && this.#ofBlocks.length === 0 && this.events >= sampled;
    this.#plain.begin(text);
    // A blank line, behind one that ends alike or with LF.
    const blank = this.#plain.isOfReturns ? /\r\r/g : text.includes('\r') ? /\n\r?\n/g : /\n\n/g;
    let others = 0;
    for (let start = 0; start < text.length && !this.overflow;) {
      const end = this.#readPlainBlocks(text, start);
      if (end > start) {
        start = end;
        others = 0;
        continue;
      }
      // Where there are few, to look for them costs more than it saves.
      blank.lastIndex = start;
      const rest = text.slice(start, others++ < 4 && blank.test(text) ? blank.lastIndex : undefined);
      this.#interpretPart(rest);
      start += rest.length;
    }
  }

  /** Counts the plain blocks that nobody wants to be told of, from `start` on, and says where they end. */
  #readPlainBlocks(text: string, start: number): number {
    const plain = this.#plain;
    const { isOfReturns } = plain;
    if (isOfReturns) this.#endAfterCarriageReturn();
    const isBetween = this.#block.lines === 0 && this.#unfinished === '' && !this.#afterCarriageReturn;
    const { LF, CRLF, CR } = this.ends;
    if (!isBetween || (isOfReturns ? !CR : !LF && !CRLF) || this.#afterType || this.#faults.length > 0)
      return start;
    const offset = this.#base - start;
    let end = start;
    let [blankLines, blocks, blocksOfFields, events, lines, pairs, dataLines] = [0, 0, 0, 0, 0, 0, 0];
    let [lastEvent, lastEventLine, lastLine, lastEnd] = [-1, 0, -1, 0];
    let [retryLine, retryEnd, retryNumber] = [-1, 0, 0];
    while (plain.read(end)) {
      // The first that ends so is told.
      if (!isOfReturns && ((plain.pairs > 0 && !CRLF) || (plain.pairs <= plain.lines && !LF))) break;
      if (this.#isWanted(plain, text)) break;
      // Until somebody is told of something, nobody wants more of it: but an id comes again.
      const again = plain.idLine < 0 || this.#id === '' ? plain.repeats(end) : 0;
      const times = again + 1;
      const shift = again * (plain.end - end);
      const linesBefore = lines + again * (plain.lines + 1);
      blankLines += times;
      if (plain.dataLines > 0) {
        lastEvent = end + shift;
        lastEventLine = this.lines + linesBefore + 1;
      }
      end = plain.end + shift;
      lines = linesBefore + plain.lines + 1;
      pairs += times * plain.pairs;
      if (plain.lines === 0) continue;
      if (again > 0) this.#countAgain(plain, again);
      if (plain.retryLine >= 0) {
        this.retries += times;
        retryLine = plain.retryLine + shift;
        retryEnd = plain.retryEnd + shift;
        retryNumber = this.lines + linesBefore + plain.retryIndex + 1;
      }
      blocks += times;
      lastLine = plain.lastLine + shift;
      lastEnd = plain.lastEnd + shift;
      this.comments += times * plain.comments;
      this.unspaced += times * plain.unspaced;
      this.spaced += times * plain.spaced;
      if (plain.comments + (plain.retryLine < 0 ? 0 : 1) < plain.lines) blocksOfFields += times;
      if (plain.dataLines === 0) continue;
      events += times;
      dataLines += times * plain.dataLines;
    }
    if (blankLines === 0) return start;
    const read = this.#read;
    if (pairs > 0) CRLF!.count += pairs;
    if (lines > pairs) (isOfReturns ? CR : LF)!.count += lines - pairs;
    this.lines += lines;
    this.blankLines += blankLines;
    this.events += events;
    this.dataLines += dataLines;
    this.#blocks += blocksOfFields;
    read.blocks += blocks;
    this.lastEventId = this.#id;
    if (lastEvent >= 0) {
      plain.read(lastEvent);
      this.lastDataRead = read;
      this.lastDataText = text.slice(plain.dataLine, plain.dataEnd);
      const type = plain.typeLine < 0 ? 'message' : fieldValue(text.slice(plain.typeLine, plain.typeEnd));
      this.#keepEvent(type, plain.dataOf(), offset + lastEvent, lastEventLine);
    }
    if (lastLine >= 0) this.lastText = text.slice(lastLine, lastEnd);
    if (retryLine >= 0) {
      const retry = text.slice(retryLine, retryEnd);
      this.reconnectionTime = Number(fieldValue(retry));
      this.lastRetry = {
        branch: 'retry',
        text: retry,
        offset: offset + retryLine,
        number: retryNumber,
        at: read.at
      };
    }
    this.#cursor = this.#base = this.#block.offset = offset + end;
    this.#block.line = this.lines + 1;
    this.#firstReadOfLine = read;
    return end;
  }

  /** Counts for who counts the block that came before that it came `times` more. */
  #countAgain(plain: PlainBlock, times: number): void {
    for (let index = 0; index < this.#countedNow; index++) this.#counted[index]!.times += times;
    if (plain.typeLine >= 0) this.#unwantedType!.times += times;
  }

  #keepEvent(type: string, data: string, offset: number, line: number): void {
    const event = (this.lastEvent ??= { type, data, offset, line, at: 0 });
    event.type = type;
    event.data = data;
    event.offset = offset;
    event.line = line;
    event.at = this.#read.at;
  }

  /** Whether somebody is to be told of it; else its id is the last, and is counted for who counts such. */
  #isWanted(plain: PlainBlock, text: string): boolean {
    if (plain.lines === 0) return false;
    // The first of each read is.
    if (this.#read.blocks === 0) return true;
    if (plain.comments > 0 && this.#ofPlainComments.size > 0) return true;
    if (plain.dataLines > 0 && !this.#mayHaveEvents) return true;
    if (plain.unspaced > 0 && this.unspaced === 0) return true;
    if (plain.spaced > 0 && this.spaced === 0) return true;
    const { idLine, retryLine } = plain;
    if (retryLine >= 0 && !this.#isUnwantedRetry(text.slice(retryLine, plain.retryEnd))) return true;
    this.#countedNow = 0;
    for (let index = 0; index < plain.unknownFields; index++)
      if (this.#isUnknownWanted(plain.unknownField(index))) return true;
    let id: string | undefined;
    if (idLine >= 0) {
      const line = text.slice(idLine, plain.idEnd);
      id = fieldValue(line);
      const start = plain.idEnd - id.length;
      const observers = isOrdinaryId(text, start, plain.idEnd) ? this.#ofOrdinaryIds : this.#ofPlainIds;
      for (const { looksLike } of observers) if (!looksLike || looksLike(line)) return true;
    }
    if (
      plain.dataLines > 0
        ? this.#isEventWanted(plain, text, id)
        : id !== undefined && !this.#onlyCount(this.#ofIds)
    )
      return true;
    if (id !== undefined) this.#id = id;
    for (let index = 0; index < this.#countedNow; index++) this.#counted[index]!.times++;
    return false;
  }

  #isUnknownWanted(line: string): boolean {
    for (const observer of this.#observersOf('unknown field')) {
      if (observer.looksLike && !observer.looksLike(line)) continue;
      const interest = this.#countingUnknown.get(observer);
      if (!interest) return true;
      this.#counted[this.#countedNow++] = interest;
    }
    return false;
  }

  #isEventWanted(plain: PlainBlock, text: string, id: string | undefined): boolean {
    const { typeLine, data: start, dataEnd } = plain;
    if (dataEnd - start > this.#longest) return true;
    const seen = this.#seen;
    seen.dataLines = plain.dataLines;
    seen.type = undefined;
    seen.id = id;
    let type = this.#unwantedType;
    if (typeLine >= 0) {
      const isKnown = type?.line.length === plain.typeEnd - typeLine && text.startsWith(type.line, typeLine);
      if (!isKnown) type = this.#unwantedTypes.get(text.slice(typeLine, plain.typeEnd));
      if (!type || !this.#settledTypes.has(type)) return true;
      seen.type = type.value;
    }
    let isNewId = false;
    if (id && id.length <= longestId && this.#ofRepeatedIds.length > 0) {
      isNewId = !this.#recentIds.has(id);
      if (!isNewId && !this.#onlyCount(this.#ofRepeatedIds)) return true;
    }
    const first = text.charCodeAt(start);
    const isEmpty = start === dataEnd;
    // Behind an empty first line.
    const opening = isEmpty ? emptyOpening : first === 13 ? 10 : first;
    const interests = this.#ofOpenings[opening]!;
    if (interests.length > 0 && !this.#onlyCount(interests, isEmpty ? '' : plain.dataOf())) return true;
    if (typeLine >= 0) (this.#unwantedType = type!).times++;
    if (isNewId) this.#recentIds.add(id!);
    return false;
  }

  #isUnwantedRetry(line: string): boolean {
    if (line === this.#unwantedRetry) return true;
    if (!/^retry: ?\d+$/.test(line)) return false;
    for (const { looksLike } of this.#observersOf('retry')) if (!looksLike || looksLike(line)) return false;
    this.#unwantedRetry = line;
    return true;
  }

  /** Whether each of these who wants the block that was `seen` only counts it: they are told later. */
  #onlyCount(interests: Interest[], data?: string): boolean {
    for (const interest of interests) {
      if (data !== undefined && interest.only && !interest.only(data, this.#seen)) continue;
      if (!interest.isCounting) return false;
      this.#counted[this.#countedNow++] = interest;
    }
    return true;
  }

  #interestOf(observer: TraceObserver, only?: Interest['only']): Interest {
    const interest = { observer, only, isCounting: false, times: 0 };
    this.#interests.push(interest);
    return interest;
  }

  #interpretPart(text: string): void {
    this.#text = text;
    if (this.#afterCarriageReturn && text.charCodeAt(0) === 10) {
      this.#cursor++;
      if (this.#block.lines === 0) this.#block.offset = this.#cursor;
      this.#countEnd('CRLF', this.#afterCarriageReturn.offset, this.#afterCarriageReturn.line);
      this.#afterCarriageReturn = undefined;
    } else this.#endAfterCarriageReturn();
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
      this.#lookForSpaces(branch, text, offset, number, block.dataLines === 0);
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
    else if (branch === 'retry') {
      this.retries++;
      this.lastRetry = { branch, text, offset, number, at: this.#read.at };
      this.#lookForSpaces(branch, text, offset, number);
      if (text === this.#unwantedRetry) return;
      const observers = this.#tellLine(this.#observersOf(branch), branch, text, offset, number);
      this.#unwantedRetry = observers?.length === 0 ? text : '';
      return;
    } else {
      this.#fields++;
      if (branch === 'event') {
        this.#lookForSpaces(branch, text, offset, number);
        // One and the same string: who looks it up finds it sooner.
        const known = text === this.#unwantedType?.line ? this.#unwantedType : this.#unwantedTypes.get(text);
        this.#unwantedType = known;
        if (known) {
          block.type = known.value;
          known.times++;
          return;
        }
        block.type = fieldValue(text);
        const observers = this.#tellLine(this.#observersOf(branch), branch, text, offset, number);
        if (!observers) return;
        const isKept = text.length <= longestType && this.#unwantedTypes.size < mostTypes;
        if (!isKept && observers.length > 0) return;
        this.#unwantedType = { line: text, value: block.type, observers, times: 0 };
        if (isKept) this.#unwantedTypes.set(text, this.#unwantedType);
        return;
      }
      if (branch === 'id') {
        block.id = this.#id = fieldValue(text);
        this.#lookForSpaces(branch, text, offset, number);
      }
    }
    this.#tellLine(this.#observersOf(branch), branch, text, offset, number);
  }

  /** Counts a line of a field that has a value and no space before it, or two. The field has the name of its branch. */
  #lookForSpaces(branch: Branch, text: string, offset: number, number: number, isFirst = true): void {
    const { length } = branch;
    if (text.length <= length + 1 || text.charCodeAt(length) !== 58) return;
    if (text.charCodeAt(length + 1) !== 32) {
      if (this.unspaced++ > 0) return;
      const line = { branch, text, offset, number, at: this.#read.at };
      for (const observer of this.#observers) observer.unspaced?.(line);
    } else if (
      isFirst &&
      branch !== 'retry' &&
      text.charCodeAt(length + 2) === 32 &&
      /^\S/.test(text.slice(length + 3, length + 4))
    ) {
      if (this.spaced++ > 0) return;
      const line = { branch, text, offset, number, at: this.#read.at };
      for (const observer of this.#observers) observer.spaced?.(line);
    }
  }

  /** Those who count such lines from now on; undefined if somebody wanted it who does not. */
  #tellLine(
    observers: TraceObserver[],
    branch: Branch,
    text: string,
    offset: number,
    number: number
  ): TraceObserver[] | undefined {
    let line: TracedLine | undefined;
    let isWanted = false;
    let counting = nobody;
    for (const observer of observers) {
      if (observer.looksLike && !observer.looksLike(text)) continue;
      line ??= { branch, text, offset, number, at: this.#read.at };
      const answer = observer.line!(line, this.#block);
      if (answer === 'counts') {
        counting = [...counting, observer];
        if (branch === 'unknown field' && !this.#countingUnknown.has(observer))
          this.#countingUnknown.set(observer, this.#interestOf(observer));
      } else isWanted = true;
      if (answer !== 'enough') continue;
      this.#ofPlainData.delete(observer);
      this.#ofPlainComments.delete(observer);
      this.#ofPlainIds.delete(observer);
      this.#ofOrdinaryIds.delete(observer);
    }
    return isWanted ? undefined : counting;
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
    this.lastEventId = dispatched.lastEventId = this.#id;
    const ofTypes = type !== undefined && !isEvent && this.#ofTypes.length > 0;
    const ofIds = id !== undefined && !isEvent && this.#ofIds.length > 0;
    let ofNewTypes = this.#afterType && this.#ofNewTypes.length > 0;
    let ofTypesByName: TraceObserver[] | undefined;
    let ofRepeatedIds = false;
    const ofOpening: Interest[] = [];
    let ofLongData = false;
    if (isEvent) {
      this.events++;
      const { data } = dispatched;
      this.#keepEvent(dispatched.type, data, offset, line);
      ofTypesByName = this.#ofTypesByName.get(dispatched.type);
      if (type && type.length <= longestType) {
        const isNew = this.#types.size < mostTypes && !this.#types.has(type);
        if (isNew) this.#types.add(type);
        ofNewTypes ||= isNew && this.#ofNewTypes.length > 0;
        if (!ofTypesByName && this.#unwantedType && this.#settledTypes.size < mostTypes)
          this.#settledTypes.add(this.#unwantedType);
      }
      if (id && id.length <= longestId && this.#ofRepeatedIds.length > 0) {
        ofRepeatedIds = this.#recentIds.has(id);
        if (!ofRepeatedIds) this.#recentIds.add(id);
      }
      const block = { dataLines, type, id };
      for (const interest of this.#ofOpenings[openingOf(data)]!)
        if (!interest.only || interest.only(data, block)) ofOpening.push(interest);
      if (this.events <= sampled)
        for (const interest of this.#ofSamples) if (!ofOpening.includes(interest)) ofOpening.push(interest);
      ofLongData = data.length > this.#longest;
    }
    this.#afterType = type !== undefined && !isEvent;
    const ofBlocks = isEvent && this.#ofBlocks.length > 0;
    const isWanted =
      ofBlocks ||
      ofFirsts ||
      ofTypes ||
      ofNewTypes ||
      ofTypesByName !== undefined ||
      ofIds ||
      ofRepeatedIds ||
      ofLongData ||
      ofOpening.length > 0;
    if (!isWanted) return;
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
    if (ofBlocks)
      for (const observer of this.#ofBlocks) {
        if (observer.block!(block) === 'enough')
          this.#ofBlocks = this.#ofBlocks.filter((each) => each !== observer);
      }
    if (ofFirsts) for (const observer of this.#ofFirsts) observer.block!(block);
    if (ofTypes) for (const observer of this.#ofTypes) observer.block!(block);
    else if (ofNewTypes) for (const observer of this.#ofNewTypes) observer.block!(block);
    if (ofTypesByName) for (const observer of ofTypesByName) observer.block!(block);
    if (ofIds) for (const interest of this.#ofIds) tellBlock(interest, block);
    if (ofRepeatedIds) for (const interest of this.#ofRepeatedIds) tellBlock(interest, block);
    if (ofLongData)
      for (const { longerThan, observer } of this.#ofLongData)
        if (dispatched.data.length > longerThan) observer.block!(block);
    for (const interest of ofOpening) tellBlock(interest, block);
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

  /** No LF comes after it. */
  #endAfterCarriageReturn(): void {
    if (!this.#afterCarriageReturn) return;
    this.#countEnd('CR', this.#afterCarriageReturn.offset, this.#afterCarriageReturn.line);
    this.#afterCarriageReturn = undefined;
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

function tellBlock(interest: Interest, block: TracedBlock): void {
  if (interest.observer.block!(block) === 'counts') interest.isCounting = true;
}

function openingOf(data: string): number {
  return data === '' ? emptyOpening : data.charCodeAt(0);
}

/** Much faster than a spread. */
function copyOf({ type, data, lastEventId }: NonNullable<TracedBlock['event']>) {
  return { type, data, lastEventId };
}
