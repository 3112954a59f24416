import { interpretTheEventStream } from '../event-stream.ts';
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
  /** UTF-16 code units of data, or of data and an unfinished line, above which an event errors the stream with a RangeError. Default Infinity. */
  maxEventSize?: number;
}

/**
 * Bytes in, events out, as the standard interprets them: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 * Throws a TypeError or RangeError that names a wrong option.
 */
export function createEventStream(
  options: EventStreamOptions = {}
): TransformStream<Uint8Array, ServerSentEvent> {
  const { lastEventId = '', onRetry, maxEventSize = Infinity } = options;
  check('lastEventId', lastEventId, 'string');
  check('onRetry', onRetry, 'function');
  checkNumber('maxEventSize', maxEventSize, 1);
  const decode = createUtf8Decode();
  let controller: TransformStreamDefaultController<ServerSentEvent>;
  let dataIsTooLarge = false;
  const interpret = interpretTheEventStream(
    {
      setTheLastEventIdString() {},
      setTheReconnectionTime: (reconnectionTime) => onRetry?.(reconnectionTime),
      dispatchTheEvent(type, data, id) {
        dataIsTooLarge ||= data.length > maxEventSize;
        if (!dataIsTooLarge) controller.enqueue({ type, data, lastEventId: id });
      }
    },
    lastEventId
  );
  return new TransformStream({
    start(given) {
      controller = given;
    },
    transform(bytes) {
      const held = interpret(decode(bytes));
      if (dataIsTooLarge || isTooLarge(held, maxEventSize)) {
        controller.error(createTooLarge(maxEventSize));
      }
    }
  });
}

/**
 * The events of a response, or of a stream of bytes, as they come; leaving the loop cancels the body.
 * Throws a TypeError if a response is not `text/event-stream` or has no body.
 */
export async function* readEvents(
  source: Response | ReadableStream<Uint8Array>,
  options?: EventStreamOptions
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let bytes: ReadableStream<Uint8Array> | null;
  if ('headers' in source) {
    const contentType = source.headers.get('Content-Type') ?? '';
    if (extractTheEssence(contentType) !== 'text/event-stream') {
      throw new TypeError(
        `the response is not an event stream: status ${source.status}, Content-Type ${contentType || 'missing'}`
      );
    }
    bytes = source.body;
  } else bytes = source;
  if (!bytes) throw new TypeError('the response has no body');
  const reader = bytes.pipeThrough(createEventStream(options)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
