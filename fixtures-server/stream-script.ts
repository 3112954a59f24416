/**
 * The notation of a stream. Each item of a list is one write on the socket:
 * - a string is sent as UTF-8,
 * - `{"hex": "C3 28"}` as these bytes,
 * - `{"repeat": [items], "times": n}` as one write of the items' bytes, n times over (no pauses within),
 * - `{"pause": 25}` writes nothing and waits that many milliseconds.
 */
export type StreamItem = string | { hex: string } | { repeat: StreamItem[]; times: number } | { pause: number };

/** What the server does with one request. */
export interface ConnectionScript {
  /** Milliseconds between the request's arrival and the first byte of the head. Default 0. */
  delay?: number;
  /** Default 200. */
  status?: number;
  /** Default: the registered phrase of the status. */
  reason?: string;
  /**
   * Laid over the server's own `Content-Type: text/event-stream`, `Cache-Control: no-store` and `Connection: close`,
   * by case-insensitive name; null removes one, an array sends the header once per element. In values the
   * placeholders `{url}`, `{origin}`, `{other-url}`, `{other-origin}` (the same play on this or the next origin) and
   * `{request-origin}` (the request's Origin header) are replaced. Values are sent as UTF-8.
   */
  headers?: Record<string, string | string[] | null>;
  /** The whole head as raw bytes, up to and with its blank line, in place of status, reason, headers and framing; the stream follows as it is. */
  head?: StreamItem[];
  /** The body. Default none. */
  stream?: StreamItem[];
  /** How the body is framed: one HTTP chunk per write (default), until the connection closes, or by a Content-Length that may be wrong. */
  framing?: 'chunked' | 'close' | { contentLength: number };
  /**
   * After the last write: `hang` keeps the connection open until the client leaves (default), `close` ends the body properly and closes,
   * `cut` closes without the last chunk, `reset` sends a TCP reset.
   */
  end?: 'hang' | 'close' | 'cut' | 'reset';
}

/** What is played under one id: the n-th request gets the n-th connection. */
export interface Play {
  id: string;
  connections: ConnectionScript[];
  /** Requests after the last connection: false (default) records them and leaves them unanswered, true plays the last connection again. */
  repeat?: boolean;
  /** The answer to an OPTIONS request, which never uses up a connection. Default: 204 that allows the requested method and headers to the requesting origin, with credentials. */
  preflight?: ConnectionScript;
}
