/** Which branch of 9.2.6 a line took. */
export type Branch =
  | 'data'
  | 'event'
  | 'id'
  | 'id ignored'
  | 'retry'
  | 'retry ignored'
  | 'comment'
  | 'unknown field'
  | 'dispatched'
  | 'nothing to dispatch';

/** Bundles for pages do without the trace, and without what only takes less time. */
const isWhole = typeof FOR_SERVERS === 'undefined' || FOR_SERVERS;

/**
 * Characters of an unfinished line. V8 keeps what is added to a string as a rope, which takes longer to make flat than an array to join,
 * but for few pieces. And its pieces, and an array's, are moved at each garbage collection: strings as large as a block are not.
 */
const longestRope = 1024;
const blockLength = 0x40000;

/** What the interpreter tells its owner. */
export interface EventStreamSink {
  /** A blank line that dispatches nothing: the last event ID string is now this one. */
  setTheLastEventIdString(lastEventIdString: string): void;
  /** `reconnectionTime` in ms; may be larger than any timer takes, up to Infinity. */
  setTheReconnectionTime(reconnectionTime: number): void;
  /** `lastEventId` is now the last event ID string. */
  dispatchTheEvent(type: string, data: string, lastEventId: string): void;
  /** Called for every line, after what it did. `line` is without its end. */
  trace?(branch: Branch, line: string): void;
}

function takeTheValue(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === 32 ? start + 1 : start, end);
}

function find(character: string, text: string, start: number): number {
  const index = text.indexOf(character, start);
  return index < 0 ? text.length : index;
}

function isData(text: string, start: number): boolean {
  return (
    text.charCodeAt(start + 1) === 97 &&
    text.charCodeAt(start + 2) === 116 &&
    text.charCodeAt(start + 3) === 97 &&
    text.charCodeAt(start + 4) === 58
  );
}

/**
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 *
 * Takes the decoded text of one connection, in pieces cut anywhere. UTF-8 and the leading BOM belong to the decoder.
 * What is unfinished when the pieces end is dropped by dropping the interpreter.
 * Every character is looked at a fixed number of times, however the text is cut.
 *
 * @param lastEventIdBuffer Unlike the standard, which starts each connection with an empty buffer, the owner hands in the
 *   last event ID string of before, because every browser, Node and Deno keep it.
 * @returns A function that takes the next piece, and answers how many characters of an unfinished event it holds: those of its data, or those
 *   of an unfinished line if they are more.
 */
export function interpretTheEventStream(
  sink: EventStreamSink,
  lastEventIdBuffer: string
): (text: string) => number {
  /** What has come of an unfinished line. */
  let unfinishedLine = '';
  /** Of a long one all of it: its blocks, and what came after them. */
  let blocks = '';
  let pieces: string[] = [];
  let lineLength = 0;
  let afterCarriageReturn = false;
  // null is the standard's empty data buffer; a string lacks the one LF that dispatching would strip.
  let dataBuffer: string | null = null;
  let eventTypeBuffer = '';
  const isTraced = !!sink.trace;
  /** That the last line took. */
  let branch: Branch;

  function processTheLine(line: string): void {
    // What has no colon is a field name, and its value is empty. "If value starts with a U+0020 SPACE character, remove it from value."
    const match = /^([^:]*):? ?/.exec(line)!;
    if (!line) {
      branch = dataBuffer === null ? 'nothing to dispatch' : 'dispatched';
      dispatchTheEvent(dataBuffer);
    } else if (match[1]) processTheField(match[1], line.slice(match[0].length));
    else branch = 'comment';
  }

  /**
   * The same for the line of `text` from `start` to `end`, whose first character is `first`. To read the name of the field where it
   * stands, and to cut out nothing but the value, takes two thirds of the time.
   */
  function processTheLineWithin(text: string, start: number, end: number, first: number): void {
    if (first === 100 && isData(text, start)) appendToTheDataBuffer(takeTheValue(text, start + 5, end));
    else if (first === 105 && text.charCodeAt(start + 1) === 100 && text.charCodeAt(start + 2) === 58) {
      setTheLastEventIdBuffer(takeTheValue(text, start + 3, end));
    } else if (
      first === 101 &&
      text.charCodeAt(start + 1) === 118 &&
      text.charCodeAt(start + 2) === 101 &&
      text.charCodeAt(start + 3) === 110 &&
      text.charCodeAt(start + 4) === 116 &&
      text.charCodeAt(start + 5) === 58
    ) {
      setTheEventTypeBuffer(takeTheValue(text, start + 6, end));
    } else if (first !== 58) processTheLine(text.slice(start, end));
  }

  // These three are what a field means, however its line is read; each is so short that V8 takes it into the loop of `read`.
  function appendToTheDataBuffer(value: string): void {
    dataBuffer = dataBuffer === null ? value : dataBuffer + ('\n' + value);
  }

  function setTheEventTypeBuffer(value: string): void {
    eventTypeBuffer = value;
  }

  function setTheLastEventIdBuffer(value: string): void {
    // "If the field value does not contain U+0000 NULL"
    if (value.indexOf('\0') < 0) lastEventIdBuffer = value;
    else branch = 'id ignored';
  }

  function processTheField(field: string, value: string): void {
    branch = field as Branch;
    if (field === 'data') appendToTheDataBuffer(value);
    else if (field === 'event') setTheEventTypeBuffer(value);
    else if (field === 'id') setTheLastEventIdBuffer(value);
    else if (field === 'retry') {
      // "If the field value consists of only ASCII digits"
      if (/^\d+$/.test(value)) sink.setTheReconnectionTime(+value);
      else branch = 'retry ignored';
    } else branch = 'unknown field';
  }

  function dispatchTheEvent(data: string | null): void {
    const type = eventTypeBuffer || 'message';
    dataBuffer = null;
    eventTypeBuffer = '';
    if (data === null) sink.setTheLastEventIdString(lastEventIdBuffer);
    else sink.dispatchTheEvent(type, data, lastEventIdBuffer);
  }

  function readInPages(text: string): void {
    const lines = (afterCarriageReturn ? text.replace(/^\n/, '') : text).split(/\r\n?|\n/);
    const rest = lines.pop()!;
    if (lines.length) {
      lines[0] = unfinishedLine + lines[0]!;
      unfinishedLine = '';
      lines.forEach(processTheLine);
    }
    keep(rest);
  }

  /** The same in two thirds of the time, and without a rope. */
  function read(text: string): void {
    const length = text.length;
    let lineFeed = -1;
    let carriageReturn = -1;
    /** That the next line stands whole in `text`, and nobody asks for it. */
    let isPlain = !unfinishedLine && !isTraced;
    // The LF of a CRLF that was cut in two: its line has ended already.
    let start = afterCarriageReturn && text.charCodeAt(0) === 10 ? 1 : 0;
    while (start < length) {
      const first = text.charCodeAt(start);
      let end = start;
      if (first !== 10) {
        if (lineFeed < start) lineFeed = find('\n', text, start);
        if (carriageReturn < start) carriageReturn = find('\r', text, start);
        end = lineFeed < carriageReturn ? lineFeed : carriageReturn;
        if (end === length) break;
      }
      if (!isPlain) {
        let line = text.slice(start, end);
        if (pieces.length) {
          pieces.push(line);
          line = blocks + pieces.join('');
          blocks = '';
          pieces = [];
        } else line = unfinishedLine + line;
        unfinishedLine = '';
        isPlain = !isTraced;
        if (isTraced) {
          processTheLine(line);
          sink.trace!(branch, line);
        } else processTheLineWithin(line, 0, line.length, line.charCodeAt(0));
      } else if (first === 100 && isData(text, start)) {
        const value = takeTheValue(text, start + 5, end);
        // One line of data and a blank one, as most events are.
        if (dataBuffer === null && end === lineFeed && end + 1 < length && text.charCodeAt(end + 1) === 10) {
          dispatchTheEvent(value);
          end++;
        } else appendToTheDataBuffer(value);
      } else if (start === end) dispatchTheEvent(dataBuffer);
      else processTheLineWithin(text, start, end, first);
      start = end + (end === carriageReturn && text.charCodeAt(end + 1) === 10 ? 2 : 1);
    }
    const rest = text.slice(start);
    if (unfinishedLine.length < longestRope) keep(rest);
    else {
      if (!pieces.length) {
        pieces.push(unfinishedLine);
        lineLength = unfinishedLine.length;
      }
      pieces.push(rest);
      lineLength += rest.length;
      if (lineLength - blocks.length > blockLength) {
        blocks += pieces.join('');
        pieces = [''];
      }
    }
  }

  /** What is left of a piece. Of a comment nothing is kept but that it is one: padding may be long, or never end. */
  function keep(rest: string): void {
    const isComment = (unfinishedLine || rest[0]) === ':';
    unfinishedLine = isComment && !(isWhole && sink.trace) ? ':' : unfinishedLine + rest;
  }

  return function (text) {
    if (text) {
      if (isWhole) read(text);
      else readInPages(text);
      afterCarriageReturn = text.slice(-1) === '\r';
    }
    const { length } = unfinishedLine;
    return Math.max(isWhole && pieces.length ? lineLength : length, (dataBuffer || '').length);
  };
}
