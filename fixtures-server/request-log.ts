/** One write of the server, as it happened. */
export interface WriteRecord {
  /** Milliseconds since the Unix epoch, with fractions, from the server's clock. */
  at: number;
  /** The bytes handed to the socket, HTTP framing included, one character per byte (latin1); cut at a limit. */
  bytes: string;
  /** How many bytes it was before the cut. */
  length: number;
}

/** One request as it arrived, and what was done with it. Times are as in WriteRecord. */
export interface RequestRecord {
  token: string;
  play: string;
  method: string;
  /** Path with query, as sent. */
  target: string;
  httpVersion: string;
  /** In the order sent, names as sent, values one character per byte (latin1). */
  headers: [name: string, value: string][];
  /** Which of the server's origins it came to. */
  origin: string;
  at: number;
  /** Index of the connection that was played; null for a preflight or for a request after the last connection. */
  connection: number | null;
  writes: WriteRecord[];
  /** When the server had done the connection's `end`; null while it has not, and for `hang`. */
  endedAt: number | null;
  /** When the socket was closed, by whichever side. */
  closedAt: number | null;
}
