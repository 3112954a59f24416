import { interpretTheEventStream } from '../event-stream.ts';
import { ignore } from '../platform/globals.ts';
import { extractTheEssence } from '../platform/mime-type.ts';
import { createUtf8Decode } from '../platform/utf-8.ts';
import { check, checkNumber } from './check.ts';
import { createTooLarge, isTooLarge } from './event-size.ts';

/** One event of a stream that is not an EventSource's. */
export interface ServerSentEvent {
  /** "message" unless the stream says otherwise. */
  type: string;
  data: string;
  lastEventId: string;
}

export interface EventStreamOptions {
  /** The last event ID string to begin with. Default "". */
  lastEventId?: string;
  /** Called with each valid `retry`, in ms. */
  onRetry?: (reconnectionTime: number) => void;
  /** UTF-16 code units of data, or of an unfinished line, above which an event errors the stream with a RangeError. Default Infinity. */
  maxEventSize?: number;
}

/** Checks the options, and answers a function that takes bytes, hands on the events that they end, and throws if one is too large. */
function createInterpreter(
  options: EventStreamOptions,
  take: (event: ServerSentEvent) => void
): (bytes: Uint8Array) => void {
  const { lastEventId = '', onRetry, maxEventSize = Infinity } = options;
  check('lastEventId', lastEventId, 'string');
  check('onRetry', onRetry, 'function');
  checkNumber('maxEventSize', maxEventSize, 1);
  const decode = createUtf8Decode();
  let dataIsTooLarge = false;
  const interpret = interpretTheEventStream(
    {
      setTheLastEventIdString() {},
      setTheReconnectionTime: (reconnectionTime) => onRetry?.(reconnectionTime),
      dispatchTheEvent(type, data, id) {
        dataIsTooLarge ||= data.length > maxEventSize;
        if (!dataIsTooLarge) take({ type, data, lastEventId: id });
      }
    },
    lastEventId
  );
  return (bytes) => {
    const held = interpret(decode(bytes));
    if (dataIsTooLarge || isTooLarge(held, maxEventSize)) throw createTooLarge(maxEventSize);
  };
}

/**
 * Bytes in, events out, as the standard interprets them: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 * Throws a TypeError or RangeError that names a wrong option.
 */
export function createEventStream(
  options: EventStreamOptions = {}
): TransformStream<Uint8Array, ServerSentEvent> {
  let controller: TransformStreamDefaultController<ServerSentEvent>;
  const interpret = createInterpreter(options, (event) => controller.enqueue(event));
  return new TransformStream({
    start(given) {
      controller = given;
    },
    transform: interpret
  });
}

/**
 * The events of a response, or of a stream of bytes, as they come; leaving the loop cancels the body. An error comes behind the events
 * that came before it.
 * Throws a TypeError or RangeError that names a wrong option, and the iterator a TypeError if a response is not `text/event-stream`, has
 * no body, or one that was read.
 */
export function readEvents(
  source: Response | ReadableStream<Uint8Array>,
  options: EventStreamOptions = {}
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const events: ServerSentEvent[] = [];
  const interpret = createInterpreter(options, (event) => events.push(event));
  let reader: ReadableStreamDefaultReader<Uint8Array> | null | undefined;
  const iterator = read();
  // Those of a generator wait for the next() that is under way, and do nothing before the first.
  for (const name of ['return', 'throw'] as const) {
    const leave = iterator[name].bind(iterator);
    iterator[name] = (value) => {
      const body = reader === undefined ? ('headers' in source ? source.body : source) : reader;
      body?.cancel().catch(ignore);
      return leave(value as undefined);
    };
  }
  return iterator;

  // Not through a TransformStream, which on an error drops what it holds.
  async function* read(): AsyncGenerator<ServerSentEvent, void, undefined> {
    // What is refused stays the caller's, to be read in another way.
    reader = null;
    reader = bytesOf(source).getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        try {
          interpret(value);
        } finally {
          for (const event of events.splice(0)) yield event;
        }
      }
    } finally {
      // Half of a tee would wait for the other.
      reader.cancel().catch(ignore);
      reader.releaseLock();
    }
  }
}

function bytesOf(source: Response | ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  if (!('headers' in source)) return source;
  const contentType = source.headers.get('Content-Type') ?? '';
  if (extractTheEssence(contentType) !== 'text/event-stream') {
    throw new TypeError(
      `the response is not an event stream: status ${source.status}, Content-Type ${contentType || 'missing'}`
    );
  }
  if (!source.body) throw new TypeError('the response has no body');
  // Of one that was read to its end or cancelled a reader sees the end alone, as if there had been no event.
  if (source.bodyUsed) throw new TypeError('the body of the response was read');
  return source.body;
}
