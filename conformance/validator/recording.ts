/** Why no answer could be read. */
export type FailureKind =
  'DNS' | 'refused' | 'unreachable' | 'TLS' | 'timeout' | 'garbage' | 'closed' | 'redirects';

export interface Failure {
  kind: FailureKind;
  /** One sentence; may hold text of the server or the system. */
  message: string;
}

export interface Header {
  name: string;
  value: string;
}

/** A response head as it came; texts are latin1. */
export interface Head {
  /** `1.0`, `1.1` or `2`. */
  version: string;
  status: number;
  reason: string;
  headers: Header[];
  /** When its last byte came, ms of the observation's clock. */
  at: number;
}

export interface OutgoingRequest {
  url: URL;
  method: string;
  headers: Header[];
  body?: Buffer;
}

export interface Limits {
  /** For the connection, TLS included, ms. */
  connectTimeout: number;
  /** From the request to the end of the head, ms. */
  headTimeout: number;
  /** From the request to where reading stops, ms. */
  duration: number;
  /** Most bytes of the body. */
  maxBytes: number;
}

/** How the reading ended. `complete`: as the framing says; `closed`: by closing, where only that ends the body. */
export type Ending =
  'complete' | 'closed' | 'cut' | 'reset' | 'bad framing' | 'byte limit' | 'time limit' | 'enough';

export type Framing = 'chunked' | 'length' | 'close' | 'none' | 'HTTP/2';

/** The raw side of one request and its answer. */
export interface Recording {
  /** When connecting began, the request was sent, and the reading ended, ms of the clock. */
  startedAt: number;
  sentAt: number;
  endedAt: number;
  failure?: Failure;
  head?: Head;
  framing?: Framing;
  /** Fields in an answer over HTTP/2 that are forbidden there; the rest is then of an answer over HTTP/1.1, if the method is safe. */
  forbiddenFields?: string[];
  /** Of HTTP/2's SETTINGS, if it says so. */
  maxConcurrentStreams?: number;
  /** Value of Content-Length, as a number if it is one. */
  contentLength?: number;
  chunks: number;
  /** Bytes of the body as framed, before any Content-Encoding is undone. */
  bodyBytes: number;
  /** Bytes that came after the body was complete. */
  extraBytes: number;
  ending?: Ending;
  /** For `bad framing`: what was wrong. */
  framingFault?: string;
}

export interface Listener {
  /** True stops the reading as `enough`. */
  head?(head: Head, source: Source): boolean | undefined;
  /** One call per read; `bytes` without framing, and only until it returns. True stops the reading as `enough`. */
  body?(bytes: Buffer, at: number): boolean | undefined;
}

/** Where the body comes from: it can be told to wait. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

export function setContentLength(recording: Recording): void {
  const fields = recording.head!.headers.filter(({ name }) => name.toLowerCase() === 'content-length');
  const length = fields[0]?.value.trim();
  if (length !== undefined && /^\d+$/.test(length)) recording.contentLength = Number(length);
}

/** Hands on what is within the limit, and says how the body ended once it has. */
export function deliver(
  recording: Recording,
  listener: Listener,
  clock: () => number,
  bytes: Buffer,
  maxBytes: number,
  ending?: Ending
): Ending | undefined {
  if (recording.bodyBytes + bytes.length > maxBytes) {
    bytes = bytes.subarray(0, maxBytes - recording.bodyBytes);
    ending = 'byte limit';
  }
  recording.bodyBytes += bytes.length;
  if (bytes.length > 0 && listener.body?.(bytes, clock()) && ending === undefined) return 'enough';
  return ending;
}
