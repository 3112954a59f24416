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

/** What the interpreter tells its owner. */
export interface EventStreamSink {
  /** A blank line: the last event ID string is now this one, whether or not an event follows. */
  setTheLastEventIdString(lastEventIdString: string): void;
  /** `reconnectionTime` in ms; may be larger than any timer takes, up to Infinity. */
  setTheReconnectionTime(reconnectionTime: number): void;
  dispatchTheEvent(type: string, data: string, lastEventId: string): void;
  /** Called for every line, after what it did. `line` is without its end. */
  trace?(branch: Branch, line: string): void;
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
 * @returns A function that takes the next piece, and answers how many characters of an unfinished event it holds.
 */
export function interpretTheEventStream(
  sink: EventStreamSink,
  lastEventIdBuffer: string
): (text: string) => number {
  let unfinishedLine = '';
  let afterCarriageReturn = false;
  // null is the standard's empty data buffer; a string lacks the one LF that dispatching would strip.
  let dataBuffer: string | null = null;
  let eventTypeBuffer = '';

  function processTheLine(line: string): Branch {
    if (line === '') return dispatchTheEvent();
    const colon = line.indexOf(':');
    if (colon === 0) return 'comment';
    if (colon < 0) return processTheField(line, '');
    // "If value starts with a U+0020 SPACE character, remove it from value."
    return processTheField(
      line.slice(0, colon),
      line.slice(colon + (line.charCodeAt(colon + 1) === 32 ? 2 : 1))
    );
  }

  function processTheField(field: string, value: string): Branch {
    if (field === 'data') {
      dataBuffer = dataBuffer === null ? value : dataBuffer + '\n' + value;
      return field;
    }
    if (field === 'event') {
      eventTypeBuffer = value;
      return field;
    }
    if (field === 'id') {
      // "If the field value does not contain U+0000 NULL"
      if (value.indexOf('\0') >= 0) return 'id ignored';
      lastEventIdBuffer = value;
      return field;
    }
    if (field === 'retry') {
      // "If the field value consists of only ASCII digits"
      if (!/^[0-9]+$/.test(value)) return 'retry ignored';
      sink.setTheReconnectionTime(+value);
      return field;
    }
    return 'unknown field';
  }

  function dispatchTheEvent(): Branch {
    const data = dataBuffer;
    const type = eventTypeBuffer || 'message';
    dataBuffer = null;
    eventTypeBuffer = '';
    sink.setTheLastEventIdString(lastEventIdBuffer);
    if (data === null) return 'nothing to dispatch';
    sink.dispatchTheEvent(type, data, lastEventIdBuffer);
    return 'dispatched';
  }

  return function (text) {
    // The LF of a CRLF that was cut in two: its line has ended already.
    let start = afterCarriageReturn && text.charCodeAt(0) === 10 ? 1 : 0;
    let lineFeed = text.indexOf('\n', start);
    let carriageReturn = text.indexOf('\r', start);
    while (lineFeed >= 0 || carriageReturn >= 0) {
      const endsWithCarriageReturn = carriageReturn >= 0 && (lineFeed < 0 || carriageReturn < lineFeed);
      const end = endsWithCarriageReturn ? carriageReturn : lineFeed;
      let line = text.slice(start, end);
      if (unfinishedLine !== '') {
        line = unfinishedLine + line;
        unfinishedLine = '';
      }
      start = end + (endsWithCarriageReturn && lineFeed === end + 1 ? 2 : 1);
      if (lineFeed >= 0 && lineFeed < start) lineFeed = text.indexOf('\n', start);
      if (carriageReturn >= 0 && carriageReturn < start) carriageReturn = text.indexOf('\r', start);
      const branch = processTheLine(line);
      if (sink.trace) sink.trace(branch, line);
    }
    if (text !== '') afterCarriageReturn = text.charCodeAt(text.length - 1) === 13;
    if (start < text.length) unfinishedLine += text.slice(start);
    return unfinishedLine.length + (dataBuffer === null ? 0 : dataBuffer.length);
  };
}
