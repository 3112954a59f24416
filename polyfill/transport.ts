/** One attempt to get the stream. */
export interface TransportRequest {
  /** Absolute and serialised. */
  url: string;
  withCredentials: boolean;
  /** The last event ID string; empty: no Last-Event-ID header. */
  lastEventId: string;
  /** Whether an attempt before this one was announced. */
  hasBeenOpen: boolean;
  /** Whether the attempt before this one ended without a response. */
  isAfterNetworkError: boolean;
}

/** Who asked. After `onEnd`, after onResponse answered false, and after an abort, nothing more is called. */
export interface TransportClient {
  /**
   * The head has arrived; called before any of the body, without waiting for it.
   * `contentType`: all values of the header joined with commas, empty without one. `url`: the final one, after redirects.
   * Answers whether the body is wanted; if not, the transport aborts the request. `response`: where the transport has one, for extras.
   */
  onResponse(status: number, contentType: string, url: string, response?: Response): boolean;
  /** More of the body, UTF-8 decoded without its one leading BOM. `more` asks for the next piece; a transport that cannot hold back has none. Answers how many characters of an unfinished event are held. */
  onText(text: string, more?: () => void): number;
  /** The body has ended, or a network error happened before or in it. `isFutile`: it is known that another attempt would end the same way. `cause`: of a network error, for extras. */
  onEnd(isFutile?: boolean, cause?: unknown): void;
}

/** Sends the request and answers a function that aborts it. Never calls the client before it has returned. */
export type Transport = (request: TransportRequest, client: TransportClient) => () => void;
