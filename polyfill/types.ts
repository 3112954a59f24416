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

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface */
export interface EventSource extends EventTarget {
  readonly url: string;
  readonly withCredentials: boolean;
  /** CONNECTING, OPEN or CLOSED. */
  readonly readyState: number;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  onopen: ((this: EventSource, event: Event) => unknown) | null;
  onmessage: ((this: EventSource, event: MessageEvent) => unknown) | null;
  /** A connection that ended is tried again while readyState is CONNECTING in here; CLOSED is for good. */
  onerror: ((this: EventSource, event: Event) => unknown) | null;
  /** Ends the connection and sets readyState to CLOSED; nothing is dispatched afterwards. */
  close(): void;
  addEventListener<K extends keyof EventSourceEventMap>(
    type: K,
    listener: (this: EventSource, event: EventSourceEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions
  ): void;
  addEventListener(
    type: string,
    listener: (this: EventSource, event: MessageEvent) => unknown,
    options?: boolean | AddEventListenerOptions
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions
  ): void;
  removeEventListener<K extends keyof EventSourceEventMap>(
    type: K,
    listener: (this: EventSource, event: EventSourceEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions
  ): void;
  removeEventListener(
    type: string,
    listener: (this: EventSource, event: MessageEvent) => unknown,
    options?: boolean | EventListenerOptions
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions
  ): void;
}

export interface EventSourceConstructor<Init extends EventSourceInit = EventSourceInit> {
  readonly prototype: EventSource;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  /**
   * @throws TypeError without `new` or without arguments, or if `init` is neither an object nor undefined or null.
   * @throws DOMException named SyntaxError if the URL cannot be parsed.
   */
  new (url: string | URL, init?: Init): EventSource;
}
