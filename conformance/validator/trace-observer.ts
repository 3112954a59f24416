import type { Branch } from '../../polyfill/event-stream.ts';

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

/** The last event, latin1, and its block. */
export interface LastEvent {
  type: string;
  data: string;
  offset: number;
  line: number;
  /** When its blank line came, ms. */
  at: number;
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
 * Blocks with a type and no data, and with `next` those behind them too, and the first event of each type; events of these types; events whose
 * id one of the last has, or blocks with an id and no data; events with data which begins with one of these bytes, latin1 (and empty data,
 * with ''; or `any`), and of them `only` those, which may be asked more than once; with data that is longer; or the first block that ends in each read.
 */
export type WantedBlocks =
  | { type: 'without data' | 'without data, next and new' | string[] }
  | { id: 'repeated' | 'without data' }
  | {
      opening: string[] | 'any';
      sample?: true;
      only?(data: string, block: Pick<UnfinishedBlock, 'dataLines' | 'type' | 'id'>): boolean;
    }
  | { longerThan: number }
  | { first: 'of each read' };

/** Of events, those that come with `sample` whatever they begin with. */
export const sampled = 16;

/** Told of each thing as it is read. */
export interface TraceObserver {
  /** The lines that `line` is told of; default: all. */
  branches?: Branch[];
  /** Of those only such: what is not wanted costs less. Of an `event` or a `retry` line that nobody wanted the next of the same is not asked about. */
  looksLike?(text: string): boolean;
  /** No line of data or comment looks so in a `PlainBlock`, nor one with an id as most are (`isOrdinaryId`). */
  odd?: true;
  /**
   * Who answers `enough` may be told of such lines still, but blocks are counted without them. So are those of a type about which all who
   * want it answer `counts`, and lines of unknown fields: they are told at the end how often they were not told.
   */
  line?(line: TracedLine, block: UnfinishedBlock): unknown;
  again?(times: number): void;
  /** The first line of a field with a value and no space before it; `Trace.unspaced` counts all. */
  unspaced?(line: TracedLine): void;
  /** The first with two, of data only where it is the first of its block; `Trace.spaced` counts all. */
  spaced?(line: TracedLine): void;
  /** The blocks that `block` is told of; default: those that dispatch an event. */
  blocks?: WantedBlocks;
  /**
   * A blank line: `block.event` is there if it dispatched one. Who wants all that do and answers `enough` is told of no more; who wants an
   * id or an opening and answers `counts` is told `again` of some.
   */
  block?(block: TracedBlock): unknown;
  utf8Fault?(place: Place): void;
  /** A UTF-8 sequence begins at `offset` in one read and ends in another. */
  splitSequence?(offset: number, at: number): void;
}

export type LineEnd = 'LF' | 'CRLF' | 'CR';
