import { root } from './globals.ts';
import { areConstructible, setMember } from './events.ts';
import { createSlots } from './slots.ts';

type Callback = ((this: unknown, event: Event) => unknown) | { handleEvent(event: Event): unknown } | null;

interface Listener {
  type: string;
  callback: NonNullable<Callback>;
  capture: boolean;
  once: boolean;
  passive: boolean;
}

interface ListenerOptions {
  capture?: unknown;
  once?: unknown;
  passive?: unknown;
  signal?: AbortSignal | null;
}

const NativeEventTarget = root.EventTarget as typeof EventTarget | undefined;
const isConstructible = canConstruct();
const isExact = isConstructible && showsEveryListenerItsTarget();
const listenerLists = createSlots<Listener[]>('[[listeners]]');

function canConstruct(): boolean {
  try {
    return !!Reflect.construct(NativeEventTarget!, [], Object);
  } catch {
    return false;
  }
}

/** Node 24's does not: after the first listener, currentTarget is null and eventPhase 0. Deno 2.9's srcElement is null. */
function showsEveryListenerItsTarget(): boolean {
  const target = new NativeEventTarget!();
  let right = 0;
  function look(event: Event): void {
    if (event.currentTarget === target && event.srcElement === target && event.eventPhase === 2) right++;
  }
  target.addEventListener('a', look);
  target.addEventListener('a', look, true);
  target.dispatchEvent(new Event('a'));
  return right === 2;
}

/** What the prototype of an event target inherits from. */
export const eventTargetPrototype = (NativeEventTarget || Object).prototype as EventTarget;

/**
 * A new event target with this prototype, which inherits from `eventTargetPrototype` and has `eventTargetMethods`:
 * the engine's own wherever it has one that can be constructed.
 */
export function createEventTarget(prototype: object): EventTarget {
  function NewTarget(): void {}
  NewTarget.prototype = prototype;
  const target = isConstructible
    ? (Reflect.construct(NativeEventTarget!, [], NewTarget) as EventTarget)
    : (Object.create(prototype) as EventTarget);
  if (!isExact) listenerLists.set(target, []);
  return target;
}

/**
 * Methods that a prototype needs over those it inherits: none where the engine's EventTarget is exact. Where it can be constructed
 * but is not exact, one native listener per type lets the engine set target, currentTarget and eventPhase, and calls ours.
 */
export const eventTargetMethods: Partial<EventTarget> = {};

if (!isExact) {
  eventTargetMethods.addEventListener = function (type: string, callback: Callback, options?: unknown) {
    const list = listenersOf(this, arguments.length > 1);
    const given = flatten(options);
    const signal = given.signal;
    const listener = {
      type: ''.concat(type),
      callback: callback!,
      capture: !!given.capture,
      once: !!given.once,
      passive: !!given.passive
    };
    if (signal === null) throw new TypeError('The signal is not an AbortSignal');
    if (callback === null || callback === undefined) return;
    if (!isObject(callback)) throw new TypeError('The listener is not an object.');
    if ((signal && signal.aborted) || find(list, listener) >= 0) return;
    // The engine ignores it from the second time on.
    if (isConstructible) eventTargetPrototype.addEventListener.call(this, listener.type, callListeners);
    list.push(listener);
    if (signal) {
      signal.addEventListener('abort', function () {
        remove(list, list.indexOf(listener));
      });
    }
  };
  eventTargetMethods.removeEventListener = function (type: string, callback: Callback, options?: unknown) {
    const list = listenersOf(this, arguments.length > 1);
    remove(
      list,
      find(list, { type: ''.concat(type), callback: callback!, capture: !!flatten(options).capture })
    );
  };
  if (!isConstructible) {
    eventTargetMethods.dispatchEvent = function (event) {
      listenersOf(this, Object.prototype.isPrototypeOf.call((root.Event || Object).prototype, event));
      return dispatch(this as EventTarget, event);
    };
  }
}

/** As EventTarget's, past whatever a page has put over a target's own. */
export const addEventListener = (eventTargetMethods.addEventListener ||
  eventTargetPrototype.addEventListener) as EventTarget['addEventListener'];
export const removeEventListener = (eventTargetMethods.removeEventListener ||
  eventTargetPrototype.removeEventListener) as EventTarget['removeEventListener'];

/** Fires an event at a target of createEventTarget, past whatever a page has put over its dispatchEvent. */
export function fireAnEvent(target: EventTarget, event: Event): void {
  if (isConstructible) eventTargetPrototype.dispatchEvent.call(target, event);
  else dispatch(target, event);
}

function listenersOf(target: unknown, hasArguments: boolean): Listener[] {
  const list = listenerLists.get(target);
  if (!list || !hasArguments) throw new TypeError(list ? 'Not enough arguments' : 'Illegal invocation');
  return list;
}

function flatten(options: unknown): ListenerOptions {
  return isObject(options) ? options : { capture: options };
}

function isObject(value: unknown): value is object {
  return Object(value) === value;
}

function find(list: Listener[], wanted: Pick<Listener, 'type' | 'callback' | 'capture'>): number {
  for (let i = 0; i < list.length; i++) {
    const listener = list[i]!;
    if (
      listener.type === wanted.type &&
      listener.callback === wanted.callback &&
      listener.capture === wanted.capture
    ) {
      return i;
    }
  }
  return -1;
}

function remove(list: Listener[], index: number): void {
  if (index >= 0) list.splice(index, 1);
}

function dispatch(target: EventTarget, event: Event): boolean {
  setMember(event, 'target', target);
  setMember(event, 'currentTarget', target);
  setMember(event, 'eventPhase', 2);
  callListeners.call(target, event);
  setMember(event, 'currentTarget', null);
  setMember(event, 'eventPhase', 0);
  return !event.defaultPrevented;
}

/** https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke, at the target: capturing listeners first. */
function callListeners(this: EventTarget, event: Event): void {
  const list = listenerLists.get(this)!;
  let stopped = false;
  if (event.srcElement !== this) setMember(event, 'srcElement', this);
  // Whether it was called cannot be asked of a native event.
  if (list.length > 1) {
    setMember(event, 'stopImmediatePropagation', function () {
      stopped = true;
      event.stopPropagation();
    });
  }
  for (let pass = 0; pass < 2; pass++) {
    // "Let listeners be a clone": those added from here on are not called.
    const listeners = list.slice();
    for (let i = 0; i < listeners.length && !stopped; i++) {
      const listener = listeners[i]!;
      const index = list.indexOf(listener);
      if (index < 0 || listener.type !== event.type || listener.capture !== (pass === 0)) continue;
      if (listener.once) remove(list, index);
      if (listener.passive) setMember(event, 'preventDefault', ignore);
      callListener(this, listener.callback, event);
      if (listener.passive) showInherited(event, 'preventDefault');
    }
  }
  showInherited(event, 'stopImmediatePropagation');
}

function ignore(): void {}

/** Takes a method that setMember put over a native event's away again. */
function showInherited(event: Partial<Event>, name: 'preventDefault' | 'stopImmediatePropagation'): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- one of two names
  if (areConstructible) delete event[name];
}

function callListener(target: EventTarget, callback: NonNullable<Callback>, event: Event): void {
  try {
    if (typeof callback === 'function') callback.call(target, event);
    else callback.handleEvent(event);
  } catch (error) {
    reportTheException(error);
  }
}

function reportTheException(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else {
    setTimeout(function () {
      throw error;
    }, 0);
  }
}
