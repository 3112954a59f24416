import { expectTypeOf, it } from 'vitest';
import { EventSource, StandardEventSource, type ErrorDetails } from '../index.ts';

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
  type Source = InstanceType<typeof EventSource>;
  const use = (source: Source) => {
    source.addEventListener('message', (event) => expectTypeOf(event).toEqualTypeOf<MessageEvent>());
    source.addEventListener('open', (event) => expectTypeOf(event).toEqualTypeOf<Event>());
    source.addEventListener('token', (event) => expectTypeOf(event).toEqualTypeOf<MessageEvent>());
  };
  expectTypeOf(use).toBeFunction();
  expectTypeOf<ErrorDetails['reconnecting']>().toEqualTypeOf<boolean>();
  // @ts-expect-error -- a wrong option
  expectTypeOf(EventSource).toBeConstructibleWith('', { heartbeatTimeout: '5' });
  // @ts-expect-error -- no extras here
  expectTypeOf(StandardEventSource).toBeConstructibleWith('', { headers: {} });
});
