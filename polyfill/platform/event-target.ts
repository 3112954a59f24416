import { root } from './globals.ts';
import { setMember } from './events.ts';
import { createSlots } from './slots.ts';

type Callback = ((this: unknown, event: Event) => unknown) | { handleEvent(event: Event): unknown } | null;

interface Listener {
  type: string;
  callback: NonNullable<Callback>;
  capture: boolean;
  once: boolean;
  passive: boolean;
  removed: boolean;
}

interface ListenerOptions {
  capture?: unknown;
  once?: unknown;
  passive?: unknown;
  signal?: AbortSignal;
}

const NativeEventTarget = root.EventTarget as typeof EventTarget | undefined;
const isConstructible = canConstruct();
const isExact = isConstructible && showsEveryListenerItsTarget();
const listenerLists = createSlots<Listener[]>('[[listeners]]');

function canConstruct(): boolean {
  try {
    return !!NativeEventTarget && !!Reflect.construct(NativeEventTarget, [], Object);
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
  target.addEventListener('a', function (event) {
    look(event);
  });
  target.dispatchEvent(new Event('a'));
  return right === 2;
}

/** What the prototype of an event target inherits from. */
export const eventTargetPrototype: object =
  (NativeEventTarget && NativeEventTarget.prototype) || Object.prototype;

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

/** Fires an event at a target of createEventTarget, past whatever a page has put over its dispatchEvent. */
export function fireAnEvent(target: EventTarget, event: Event): void {
  if (isConstructible) NativeEventTarget!.prototype.dispatchEvent.call(target, event);
  else dispatch(target, event);
}

/**
 * Methods that a prototype needs over those it inherits: none where the engine's EventTarget is exact. Where it can be constructed
 * but is not exact, one native listener per type lets the engine set target, currentTarget and eventPhase, and calls ours.
 */
export const eventTargetMethods: Partial<EventTarget> = isExact
  ? {}
  : {
      addEventListener(type: string, callback: Callback, options?: ListenerOptions | boolean) {
        const list = listenersOf(this, arguments.length, 2);
        const newType = ''.concat(type);
        const flat = flatten(options);
        if (callback === null || callback === undefined) return;
        if (!isObject(callback)) throw new TypeError('The listener is not an object.');
        const signal = flat.signal;
        if (signal && signal.aborted) return;
        if (find(list, newType, callback, !!flat.capture) >= 0) return;
        if (isConstructible && !hasType(list, newType)) {
          NativeEventTarget!.prototype.addEventListener.call(this, newType, callListeners);
        }
        const listener: Listener = {
          type: newType,
          callback: callback,
          capture: !!flat.capture,
          once: !!flat.once,
          passive: !!flat.passive,
          removed: false
        };
        list.push(listener);
        if (signal) {
          signal.addEventListener('abort', function () {
            remove(list, list.indexOf(listener));
          });
        }
      },
      removeEventListener(type: string, callback: Callback, options?: ListenerOptions | boolean) {
        const list = listenersOf(this, arguments.length, 2);
        const capture = !!flatten(options).capture;
        remove(list, find(list, ''.concat(type), callback, capture));
      }
    };

if (!isConstructible) {
  eventTargetMethods.dispatchEvent = function (this: EventTarget, event: Event): boolean {
    listenersOf(this, arguments.length, 1);
    if (!isObject(event) || typeof event.type !== 'string')
      throw new TypeError('The argument is not an Event.');
    return dispatch(this, event);
  };
}

/** As EventTarget's, past whatever a page has put over a target's own. */
export const addEventListener = (eventTargetMethods.addEventListener ||
  NativeEventTarget!.prototype.addEventListener) as EventTarget['addEventListener'];
export const removeEventListener = (eventTargetMethods.removeEventListener ||
  NativeEventTarget!.prototype.removeEventListener) as EventTarget['removeEventListener'];

function listenersOf(target: unknown, given: number, needed: number): Listener[] {
  const list = listenerLists.get(target);
  if (!list) throw new TypeError('Illegal invocation');
  if (given < needed) throw new TypeError(needed + ' arguments required, but only ' + given + ' present.');
  return list;
}

function flatten(options: ListenerOptions | boolean | null | undefined): ListenerOptions {
  return isObject(options) ? options : { capture: options };
}

function isObject(value: unknown): value is object {
  return Object(value) === value;
}

function find(list: Listener[], type: string, callback: Callback, capture: boolean): number {
  for (let i = 0; i < list.length; i++) {
    const listener = list[i]!;
    if (listener.type === type && listener.callback === callback && listener.capture === capture) return i;
  }
  return -1;
}

function hasType(list: Listener[], type: string): boolean {
  for (let i = 0; i < list.length; i++) if (list[i]!.type === type) return true;
  return false;
}

function remove(list: Listener[], index: number): void {
  if (index >= 0) list.splice(index, 1)[0]!.removed = true;
}

function dispatch(target: EventTarget, event: Event): boolean {
  setMember(event, 'target', target);
  setMember(event, 'srcElement', target);
  setMember(event, 'currentTarget', target);
  setMember(event, 'eventPhase', 2);
  callListeners.call(target, event);
  setMember(event, 'currentTarget', null);
  setMember(event, 'eventPhase', 0);
  return !event.defaultPrevented;
}

/** https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke, at the target: capturing listeners first. */
function callListeners(this: EventTarget, event: Event): void {
  // "Let listeners be a clone": those added from here on are not called.
  const listeners = listenerLists.get(this)!.slice();
  let stopped = false;
  if (event.srcElement !== this) setMember(event, 'srcElement', this);
  // Whether it was called cannot be asked of a native event.
  if (listeners.length > 1) {
    setMember(event, 'stopImmediatePropagation', function () {
      stopped = true;
      event.stopPropagation();
    });
  }
  for (let pass = 0; pass < 2; pass++) {
    for (let i = 0; i < listeners.length && !stopped; i++) {
      const listener = listeners[i]!;
      if (listener.removed || listener.type !== event.type || listener.capture !== (pass === 0)) continue;
      if (listener.once) {
        const list = listenerLists.get(this)!;
        remove(list, list.indexOf(listener));
      }
      callListener(this, listener.callback, event);
    }
  }
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
