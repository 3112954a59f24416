import { deepStrictEqual, ok } from 'node:assert/strict';
import { createParser } from 'eventsource-parser';
import { interpretTheEventStream } from '../event-stream.ts';
import { createUtf8Decode } from '../platform/utf-8.ts';

/** An event as eventsource-parser tells it: `id` and `event` are missing if its block has none. */
interface ParsedEvent {
  data: string;
  event?: string | undefined;
  id?: string | undefined;
}

/** Answers a function that takes the bytes of one stream; `take` gets the events. */
export type CreateReader = (take: (event: ParsedEvent) => void) => (bytes: Uint8Array) => void;

/** From bytes to one object per event: each with the decoder that it comes with, or that its readme shows. */
export const parsers = {
  truesource(take) {
    const decode = createUtf8Decode();
    const interpret = interpretTheEventStream(
      {
        setTheLastEventIdString() {},
        setTheReconnectionTime() {},
        dispatchTheEvent(event, data, id) {
          take({ id, event, data });
        }
      },
      ''
    );
    return (bytes) => void interpret(decode(bytes));
  },
  'eventsource-parser'(take) {
    const decoder = new TextDecoder();
    const parser = createParser({
      onEvent(event) {
        take(event);
      }
    });
    return (bytes) => parser.feed(decoder.decode(bytes, { stream: true }));
  }
} satisfies Record<string, CreateReader>;

export type ParserName = keyof typeof parsers;

/** Throws unless every parser makes the same events of the chunks. */
export function assertSameEvents(chunks: Iterable<Uint8Array>): void {
  const all = [...chunks];
  const [first, ...others] = Object.values(parsers).map((create) => {
    const events: [type: string, data: string, lastEventId: string][] = [];
    let lastEventId = '';
    const read = create(({ data, event = 'message', id = lastEventId }) => {
      lastEventId = id;
      events.push([event, data, id]);
    });
    for (const chunk of all) read(chunk);
    return events;
  });
  ok(first!.length > 0);
  for (const other of others) deepStrictEqual(other, first);
}
