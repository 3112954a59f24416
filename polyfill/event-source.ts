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
      throw new TypeError("Failed to construct 'EventSource': use the 'new' operator.");
    }
    if (arguments.length === 0) {
      throw new TypeError("Failed to construct 'EventSource': 1 argument required, but only 0 present.");
    }
    // concat is the one ES5 way to ToString: an object's toString comes before its valueOf, and a Symbol throws.
    const givenUrl = ''.concat(url as string);
    // Not a named parameter, which would make `length` 2.
    const withCredentials = convertInit(arguments[1]);
    const parsedUrl = parseUrl(givenUrl);
    if (!parsedUrl) {
      throw createSyntaxError("Failed to construct 'EventSource': '" + givenUrl + "' is not a valid URL.");
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

  function defineAttribute(
    name: string,
    get: (this: unknown) => unknown,
    set?: (this: unknown, value: unknown) => void
  ) {
    Object.defineProperty(prototype, name, {
      get: nameFunction('get ' + name, get),
      set: (set && nameFunction('set ' + name, set)) as (value: unknown) => void,
      enumerable: true,
      configurable: true
    });
  }

  function defineReadOnlyAttribute(name: 'url' | 'withCredentials' | 'readyState') {
    defineAttribute(name, function () {
      return stateOf(this)[name];
    });
  }

  // https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes
  function defineEventHandler(type: string) {
    defineAttribute(
      'on' + type,
      function () {
        const handler = stateOf(this).handlers[type];
        return handler ? handler.value : null;
      },
      function (value) {
        const handlers = stateOf(this).handlers;
        const handler = handlers[type];
        if (Object(value) !== value) {
          // "Deactivate an event handler": its place among the listeners is given up.
          if (handler) removeEventListener.call(this as EventTarget, type, handler.listener);
          handlers[type] = undefined;
        } else if (handler) handler.value = value;
        else handlers[type] = activate(this as EventTarget, type, value as object);
      }
    );
  }

  defineReadOnlyAttribute('url');
  defineReadOnlyAttribute('withCredentials');
  defineEventHandler('open');
  defineEventHandler('message');
  defineEventHandler('error');
  defineReadOnlyAttribute('readyState');
  const methods = {
    close(this: unknown) {
      stateOf(this).close();
    }
  };
  defineConstant('CONNECTING', CONNECTING);
  defineConstant('OPEN', OPEN);
  defineConstant('CLOSED', CLOSED);
  defineMember(prototype, 'close', methods.close, true);
  for (const name in eventTargetMethods) {
    defineMember(prototype, name, eventTargetMethods[name as keyof typeof eventTargetMethods], true);
  }
  defineMember(prototype, 'constructor', Interface, false);
  if (typeof Symbol === 'function') {
    Object.defineProperty(prototype, Symbol.toStringTag, { value: 'EventSource', configurable: true });
  }
  Object.defineProperty(Interface, 'prototype', { value: prototype, writable: false });
  if (typeof root.EventTarget === 'function' && Object.setPrototypeOf) {
    Object.setPrototypeOf(Interface, root.EventTarget);
  }
  return Interface;

  function defineConstant(name: string, value: number) {
    Object.defineProperty(Interface, name, { value: value, enumerable: true });
    Object.defineProperty(prototype, name, { value: value, enumerable: true });
  }
}

function defineMember(object: object, name: string, value: unknown, enumerable: boolean) {
  Object.defineProperty(object, name, {
    value: value,
    writable: true,
    enumerable: enumerable,
    configurable: true
  });
}

function nameFunction<F extends (...parameters: never[]) => unknown>(name: string, f: F): F {
  try {
    Object.defineProperty(f, 'name', { value: name, configurable: true });
  } catch {
    // ES5: the name of a function cannot be changed.
  }
  return f;
}

/** https://webidl.spec.whatwg.org/#js-dictionary, for EventSourceInit. */
function convertInit(init: unknown): boolean {
  if (init === undefined || init === null) return false;
  if (Object(init) !== init) {
    throw new TypeError("Failed to construct 'EventSource': the second argument is not an object.");
  }
  return !!(init as EventSourceInit).withCredentials;
}

function createSyntaxError(message: string): Error {
  if (typeof root.DOMException === 'function') return new DOMException(message, 'SyntaxError');
  const error = new Error(message) as Error & { code: number };
  error.name = 'SyntaxError';
  error.code = 12;
  return error;
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
