/** https://html.spec.whatwg.org/multipage/server-sent-events.html#eventsourceinit */
export interface EventSourceInit {
  /** Whether requests to other origins carry cookies and HTTP authentication. Default false. */
  withCredentials?: boolean;
}

export interface EventSourceEventMap {
  error: Event;
  message: MessageEvent;
  open: Event;
}

/** A method's parameters, unlike a function's, may be those of a more special event: sources of typed events stay sources. */
type Handler<Type> = { handle(this: EventSource, event: Type): unknown }['handle'] | null;

// As in lib.dom, which projects for Node do without: their types have Event, EventTarget and MessageEvent, but not these.
type Listener = ((event: Event) => void) | { handleEvent(event: Event): void } | null;
interface ListenerOptions {
  capture?: boolean;
}
interface AddedListenerOptions extends ListenerOptions {
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

/**
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 *
 * `Events` has the events by their types; a page extends EventSourceEventMap with its own.
 */
export interface EventSource<
  out Events extends EventSourceEventMap = EventSourceEventMap
> extends EventTarget {
  readonly url: string;
  readonly withCredentials: boolean;
  /** CONNECTING, OPEN or CLOSED. */
  readonly readyState: number;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  onopen: Handler<Events['open']>;
  onmessage: Handler<Events['message']>;
  /** A connection that ended is tried again while readyState is CONNECTING in here; CLOSED is for good. */
  onerror: Handler<Events['error']>;
  /** Ends the connection and sets readyState to CLOSED; nothing is dispatched afterwards. */
  close(): void;
  addEventListener<Type extends keyof Events & string>(
    type: Type,
    listener: (this: EventSource, event: Events[Type]) => unknown,
    options?: boolean | AddedListenerOptions
  ): void;
  addEventListener(
    type: string,
    listener: (this: EventSource, event: MessageEvent) => unknown,
    options?: boolean | AddedListenerOptions
  ): void;
  addEventListener(type: string, listener: Listener, options?: boolean | AddedListenerOptions): void;
  removeEventListener<Type extends keyof Events & string>(
    type: Type,
    listener: (this: EventSource, event: Events[Type]) => unknown,
    options?: boolean | ListenerOptions
  ): void;
  removeEventListener(
    type: string,
    listener: (this: EventSource, event: MessageEvent) => unknown,
    options?: boolean | ListenerOptions
  ): void;
  removeEventListener(type: string, listener: Listener, options?: boolean | ListenerOptions): void;
}

export interface EventSourceConstructor<
  Init extends EventSourceInit = EventSourceInit,
  Events extends EventSourceEventMap = EventSourceEventMap
> {
  readonly prototype: EventSource<Events>;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  /**
   * @throws TypeError without `new` or without arguments, or if `init` is neither an object nor undefined or null.
   * @throws DOMException named SyntaxError if the URL cannot be parsed.
   */
  new <OwnEvents extends Events = Events>(url: string | URL, init?: Init): EventSource<OwnEvents>;
}
