import {
  addEventListener,
  createEventTarget,
  eventTargetMethods,
  eventTargetPrototype,
  fireAnEvent,
  removeEventListener
} from './platform/event-target.ts';
import { root } from './platform/globals.ts';
import { createSlots } from './platform/slots.ts';
import { parseUrl } from './platform/urls.ts';
import { CLOSED, CONNECTING, OPEN, runTheProcessingModel, type Connection } from './processing-model.ts';
import type { Transport } from './transport.ts';
import type { EventSource, EventSourceConstructor, EventSourceInit } from './types.ts';

interface State extends Connection {
  close(): void;
  /** Event handlers by event type. */
  handlers: Record<string, Handler | undefined>;
}

interface Handler {
  value: unknown;
  listener: (event: Event) => void;
}

/** What extras do to a source that is being constructed: read and check their members of `init`, and choose the transport. */
export type Extend = (init: object, connection: Connection, source: EventSource) => Transport | null;

/**
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 *
 * @param chooseTransport is asked once per EventSource that has no extras.
 */
export function createTheInterface(
  chooseTransport: () => Transport | null,
  extend?: Extend
): EventSourceConstructor {
  const states = createSlots<State>('[[EventSource]]');
  const prototype = Object.create(eventTargetPrototype) as EventSource;

  const Interface = function EventSource(this: unknown, url: unknown): EventSource {
    if (!Object.prototype.isPrototypeOf.call(prototype, this as object) || states.get(this)) {
      throw new TypeError("'new' is missing before EventSource");
    }
    if (arguments.length === 0) {
      throw new TypeError('EventSource needs a URL');
    }
    // concat is the one ES5 way to ToString: an object's toString comes before its valueOf, and a Symbol throws.
    const givenUrl = ''.concat(url as string);
    // Not a named parameter, which would make `length` 2.
    const withCredentials = convertInit(arguments[1]);
    const parsedUrl = parseUrl(givenUrl);
    if (!parsedUrl) {
      throw createSyntaxError(givenUrl + ' is not a URL');
    }
    const source = createEventTarget(Object.getPrototypeOf(this) as object) as EventSource;
    const state: State = {
      url: parsedUrl.href,
      withCredentials: withCredentials,
      readyState: CONNECTING,
      handlers: {},
      fire(event) {
        fireAnEvent(source, event);
      },
      close() {}
    };
    states.set(source, state);
    const init = arguments[1] as object | null | undefined;
    state.close = runTheProcessingModel(
      state,
      extend && init ? extend(init, state, source) : chooseTransport()
    );
    return source;
  } as unknown as EventSourceConstructor;

  function stateOf(source: unknown): State {
    const state = states.get(source);
    if (!state) throw new TypeError('Illegal invocation');
    return state;
  }

  // As a literal, so that accessors have the names that Web IDL gives them, and methods cannot be constructed.
  const members = {
    get url() {
      return stateOf(this).url;
    },
    get withCredentials() {
      return stateOf(this).withCredentials;
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
      return stateOf(this).readyState;
    },
    close() {
      stateOf(this).close();
    }
  };
  addMembers(prototype, members);
  addMembers(prototype, eventTargetMethods);
  const constants = { CONNECTING: CONNECTING, OPEN: OPEN, CLOSED: CLOSED };
  addMembers(prototype, constants, { writable: false, configurable: false });
  addMembers(Interface, constants, { writable: false, configurable: false });
  addMembers(prototype, { constructor: Interface }, { enumerable: false });
  if (typeof Symbol === 'function') {
    Object.defineProperty(prototype, Symbol.toStringTag, { value: 'EventSource', configurable: true });
  }
  Object.defineProperty(Interface, 'prototype', { value: prototype, writable: false });
  if (typeof root.EventTarget === 'function' && Object.setPrototypeOf) {
    Object.setPrototypeOf(Interface, root.EventTarget);
  }
  return Interface;

  // https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes
  function getHandler(source: unknown, type: string): unknown {
    const handler = stateOf(source).handlers[type];
    return handler ? handler.value : null;
  }

  function setHandler(source: unknown, type: string, value: unknown): void {
    const handlers = stateOf(source).handlers;
    const handler = handlers[type];
    if (Object(value) !== value) {
      // "Deactivate an event handler": its place among the listeners is given up.
      if (handler) removeEventListener.call(source as EventTarget, type, handler.listener);
      handlers[type] = undefined;
    } else if (handler) handler.value = value;
    else handlers[type] = activate(source as EventTarget, type, value as object);
  }
}

/** Copies members with their attributes, but for those that `attributes` has. */
function addMembers(object: object, members: object, attributes?: PropertyDescriptor): void {
  for (const name in members) {
    const descriptor = Object.getOwnPropertyDescriptor(members, name) as Record<string, unknown>;
    for (const attribute in attributes) {
      descriptor[attribute] = (attributes as Record<string, unknown>)[attribute];
    }
    Object.defineProperty(object, name, descriptor);
  }
}

/** https://webidl.spec.whatwg.org/#js-dictionary, for EventSourceInit. */
function convertInit(init: unknown): boolean {
  if (init === undefined || init === null) return false;
  if (Object(init) !== init) {
    throw new TypeError('The EventSourceInit is not an object');
  }
  return !!(init as EventSourceInit).withCredentials;
}

function createSyntaxError(message: string): Error {
  try {
    return new DOMException(message, 'SyntaxError');
  } catch {
    const error = new Error(message) as Error & { code: number };
    error.name = 'SyntaxError';
    error.code = 12;
    try {
      // Old engines make one for themselves alone.
      document.querySelector('');
    } catch (own) {
      return (own as typeof error).code ? (own as Error) : error;
    }
    return error;
  }
}

function activate(source: EventTarget, type: string, value: object): Handler {
  const handler: Handler = {
    value: value,
    listener(event) {
      const callback = handler.value;
      // "If return value is false, set event's canceled flag."
      if (typeof callback === 'function' && callback.call(source, event) === false) event.preventDefault();
    }
  };
  addEventListener.call(source, type, handler.listener);
  return handler;
}
