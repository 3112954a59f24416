import { expectTypeOf, it } from 'vitest';
import { EventSource, StandardEventSource, type ErrorDetails, type EventSourceEventMap } from '../index.ts';

// A page's code, written against lib.dom.
function listen(Constructor: typeof globalThis.EventSource): void {
  const source = new Constructor(new URL('http://localhost/'), { withCredentials: true });
  source.onmessage = (event) => void event.data;
  source.onerror = function (event) {
    if (this.readyState === Constructor.CLOSED) source.removeEventListener('error', () => event);
  };
  source.addEventListener('custom', (event) => void (event.data as string), { once: true });
  source.addEventListener('open', { handleEvent: (event) => void event.type });
  source.close();
}

it('stands in for lib.dom', () => {
  expectTypeOf(StandardEventSource).toExtend<typeof globalThis.EventSource>();
  expectTypeOf(EventSource).toExtend<typeof globalThis.EventSource>();
  expectTypeOf(listen).toBeCallableWith(EventSource);
  expectTypeOf<EventSource>().toExtend<globalThis.EventSource>();
  expectTypeOf<globalThis.EventSource>().toExtend<EventSource>();
});

it('knows the events and the extras', () => {
  const use = (source: EventSource) => {
    source.addEventListener('message', (event) => expectTypeOf(event).toEqualTypeOf<MessageEvent>());
    source.addEventListener('open', (event) => expectTypeOf(event).toEqualTypeOf<Event>());
    source.addEventListener('token', (event) => expectTypeOf(event).toEqualTypeOf<MessageEvent>());
    source.onerror = (event) => expectTypeOf(event.status).toEqualTypeOf<number | undefined>();
    source.addEventListener('error', ({ delay }) => expectTypeOf(delay).toEqualTypeOf<number | undefined>());
  };
  expectTypeOf(use).toBeCallableWith({} as InstanceType<typeof EventSource>);
  expectTypeOf<ErrorDetails['reconnecting']>().toEqualTypeOf<boolean>();
  // @ts-expect-error -- a wrong option
  expectTypeOf(EventSource).toBeConstructibleWith('', { heartbeatTimeout: '5' });
  // @ts-expect-error -- no extras here
  expectTypeOf(StandardEventSource).toBeConstructibleWith('', { headers: {} });
});

it('takes types of custom events', () => {
  interface Events extends EventSourceEventMap {
    token: MessageEvent<string>;
    message: MessageEvent<'a' | 'b'>;
  }
  const listenToTokens = (source: EventSource<Events>) => {
    source.addEventListener('token', (event) => {
      expectTypeOf(event).toEqualTypeOf<MessageEvent<string>>();
    });
    source.removeEventListener('token', (event) => expectTypeOf(event.data).toBeString());
    source.onmessage = (event) => expectTypeOf(event.data).toEqualTypeOf<'a' | 'b'>();
    source.addEventListener('message', (event) => expectTypeOf(event.data).toEqualTypeOf<'a' | 'b'>());
    source.addEventListener('open', (event) => expectTypeOf(event).toEqualTypeOf<Event>());
    source.addEventListener('other', (event) => expectTypeOf(event).toEqualTypeOf<MessageEvent>());
    source.onerror = ({ status }) => expectTypeOf(status).toEqualTypeOf<number | undefined>();
  };
  const plain: EventSource = {} as EventSource<Events>;
  const dom: globalThis.EventSource = {} as EventSource<Events>;
  expectTypeOf({ plain, dom }).toBeObject();
  const construct = () => listenToTokens(new EventSource<Events>('', { lastEventId: '1' }));
  expectTypeOf(construct).toBeFunction();
  class Tokens extends EventSource<Events> {}
  expectTypeOf<Tokens>().toExtend<EventSource<Events>>();
});
