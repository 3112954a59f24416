import {
  createEventTarget,
  inheritFromEventTarget,
  slotsOf,
  type EventTargetSlots
} from './platform/event-target.ts';
import { checkObject, ignore, isObject, root } from './platform/globals.ts';
import { parseUrl } from './platform/urls.ts';
import {
  closeConnection,
  CLOSED,
  CONNECTING,
  OPEN,
  runTheProcessingModel,
  type Connection
} from './processing-model.ts';
import type { Transport } from './transport.ts';
import type { EventSource, EventSourceConstructor, EventSourceEventMap, EventSourceInit } from './types.ts';

interface State extends Connection, EventTargetSlots {
  /** The event handlers, by event type. */
  open?: object | false;
  message?: object | false;
  error?: object | false;
}

/** What extras do to a source that is being constructed: read and check their members of `init`, and choose the transport. */
export type Extend = (init: object, connection: Connection) => Transport | null;

/**
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 *
 * @param chooseTransport is asked once per EventSource that has no extras.
 */
export function createTheInterface(
  chooseTransport: () => Transport | null,
  extend?: Extend
): EventSourceConstructor {
  const Interface = function EventSource(this: object, url: unknown): EventSource {
    // Not a named parameter, which would make `length` 2.
    const init = arguments[1] as EventSourceInit | null | undefined;
    // Before ES2015 a call by another name, and Reflect.construct with a function that does not inherit, look the same.
    const isConstructed = FOR_FETCH
      ? new.target
      : // eslint-disable-next-line no-prototype-builtins -- no ES5 file has instanceof
        EventSource.prototype.isPrototypeOf(this) && !slotsOf<State>(this);
    if (!arguments.length || !isConstructed) {
      throw new TypeError('Use new EventSource');
    }
    // concat is the one ES5 way to ToString: an object's toString comes before its valueOf, and a Symbol throws.
    const givenUrl = ''.concat(url as string);
    checkObject(init, 'init');
    const withCredentials = !!Object(init).withCredentials;
    const parsedUrl = parseUrl(givenUrl);
    if (!parsedUrl) throwASyntaxError(givenUrl + ' is not a URL');
    const state: State = {
      url: parsedUrl.href,
      withCredentials: withCredentials,
      readyState: CONNECTING,
      lastEventIdString: '',
      fire(event) {
        dispatchEvent.call(source, event);
      },
      stop: ignore
    };
    // "If Type(prototype) is not Object"
    const object =
      FOR_FETCH && !isObject(new.target!.prototype) ? (Object.create(prototype) as object) : this;
    const source = createEventTarget(object, state) as EventSource;
    runTheProcessingModel(state, extend && init ? extend(init, state) : chooseTransport());
    return source;
  } as unknown as EventSourceConstructor;

  // A literal gives accessors the names that Web IDL gives them, and methods that cannot be constructed.
  const prototype: EventSource = {
    get url() {
      return slotsOf<State>(this).url;
    },
    get withCredentials() {
      return slotsOf<State>(this).withCredentials;
    },
    get onopen() {
      return getHandler(this, 'open');
    },
    set onopen(value) {
      setHandler(this, 'open', value);
    },
    get onmessage() {
      return getHandler(this, 'message');
    },
    set onmessage(value) {
      setHandler(this, 'message', value);
    },
    get onerror() {
      return getHandler(this, 'error');
    },
    set onerror(value) {
      setHandler(this, 'error', value);
    },
    get readyState() {
      return slotsOf<State>(this).readyState;
    },
    close() {
      closeConnection(slotsOf<State>(this));
    }
  } as ThisType<EventTarget> as never;
  const constants = { CONNECTING: CONNECTING, OPEN: OPEN, CLOSED: CLOSED };
  for (const name in constants) {
    const descriptor = { value: constants[name as 'OPEN'], enumerable: true };
    Object.defineProperty(Interface, name, descriptor);
    Object.defineProperty(prototype, name, descriptor);
  }
  Object.defineProperty(prototype, 'constructor', { value: Interface, writable: true, configurable: true });
  if (!FOR_OLD_ENGINES || root.Symbol) {
    Object.defineProperty(prototype, Symbol.toStringTag, { value: 'EventSource', configurable: true });
  }
  Object.defineProperty(Interface, 'prototype', { value: prototype, writable: false });
  inheritFromEventTarget(Interface, 'EventSource');
  // Past whatever a page will put over them.
  const { addEventListener, removeEventListener, dispatchEvent } = prototype;
  return Interface;

  // https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes
  function getHandler(source: unknown, type: keyof EventSourceEventMap): never {
    return (slotsOf<State>(source)[type] || null) as never;
  }

  function setHandler(source: EventTarget, type: keyof EventSourceEventMap, value: unknown): void {
    const isActive = isObject(value);
    slotsOf<State>(source)[type] = isActive && value;
    // "Activate" and "deactivate an event handler": one that is added already keeps its place among the listeners.
    (isActive ? addEventListener : removeEventListener).call(source, type, callTheHandler);
  }
}

function callTheHandler(this: unknown, event: Event): void {
  const callback = slotsOf<State>(this)[event.type as keyof EventSourceEventMap];
  // A function may have a `call` of its own, or no prototype. "If return value is false, set event's canceled flag."
  if (
    typeof callback === 'function' &&
    ignore.call.call(callback as (event: Event) => unknown, this, event) === false
  ) {
    event.preventDefault();
  }
}

function throwASyntaxError(message: string): never {
  let error;
  try {
    error = new DOMException(message, 'SyntaxError');
  } catch {
    // Old engines make one for themselves alone, and React Native has no document.
    if (FOR_SERVERS && !root.document) error = new SyntaxError(message);
    else if (FOR_OLD_ENGINES) document.querySelector('');
  }
  throw error;
}
