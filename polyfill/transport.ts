/** One attempt to get the stream. */
export interface TransportRequest {
  /** Absolute and serialised. */
  readonly url: string;
  readonly withCredentials: boolean;
  /** The last event ID string; empty: no Last-Event-ID header. */
  lastEventIdString: string;
  /** Whether an attempt was announced. */
  wasOpen?: boolean;
  /** Whether there has been no response: in the attempt before this one, and once this one is under way, in this one. */
  isUnanswered?: boolean;
  /** Of the last response, over XHR; empty or absent if the engine does not tell. */
  finalUrl?: string;
  /** Whether the last event came with an id of its own, which is not empty, so that a server goes on after it. */
  isResumable?: boolean | '';
}

/** Who asked. After `onEnd` nothing more is called. What is called after an abort is for nothing. */
export interface TransportClient {
  /**
   * The head has arrived; called before any of the body, without waiting for it.
   * `contentType`: all values of the header joined with commas, empty without one. `url`: the final one, after redirects; empty, or absent, if the engine does not tell.
   * `response`: where the transport has one, for extras. If the body is not wanted, the request is aborted in here.
   */
  onResponse(status: number, contentType: string, url: string, response?: Response): void;
  /** More of the body, UTF-8 decoded without its one leading BOM. `more` asks for the next piece; a transport that cannot hold back has none. Answers as the interpreter does. */
  onText(text: string, more?: () => void): number;
  /** The body has ended, or a network error happened before or in it. `isFutile`: it is known that another attempt would end the same way. `cause`: of a network error, for extras. */
  onEnd(isFutile?: boolean, cause?: unknown): void;
}

/** Sends the request, which it reads before it returns but for `wasOpen`, and answers a function that aborts it. Never calls the client before it has returned. */
export type Transport = (request: TransportRequest, client: TransportClient) => () => void;

/** Milliseconds in which a server that has just answered answers again, or it is an outage. */
export const refusalTimeout = 1000;
