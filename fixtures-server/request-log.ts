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

/** How much a server keeps. What is too much makes it drop the oldest. */
export interface Limits {
  tokens: number;
  recordsPerToken: number;
  records: number;
  /** Of each connection; the `length` of a write stays true. */
  bytesPerConnection: number;
  /** Of each connection; what comes after is added to the last one. */
  writesPerConnection: number;
  /** Of a request. */
  bodyBytes: number;
}

export const defaultLimits: Limits = {
  tokens: 2000,
  recordsPerToken: 10_000,
  records: 200_000,
  bytesPerConnection: 64 * 1024,
  writesPerConnection: 10_000,
  bodyBytes: 1024 * 1024
};

/** Rough size in bytes of all that is kept, headers and written bytes, over which the oldest token is dropped. */
const keptBytes = 512 * 1024 * 1024;
/** A record's, or a write's, own size beside its text. */
const overhead = 100;

interface TokenLog {
  records: RequestRecord[];
  /** By record, so that dropping one gives back what it took. */
  sizes: Map<RequestRecord, number>;
  /** By play: how many connections have been given out. */
  played: Map<string, number>;
  /** Ends an open connection. */
  open: Set<() => void>;
}

/** Milliseconds since the Unix epoch, with fractions, monotonic. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** What arrived under each token, bounded. */
export class RequestLog {
  #limits: Limits;
  #tokens = new Map<string, TokenLog>();
  #records = 0;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Copies, in the order of arrival. */
  requests(token: string, play?: string): RequestRecord[] {
    const records = this.#tokens.get(token)?.records ?? [];
    return records
      .filter((record) => play === undefined || record.play === play)
      .map((record) => ({ ...record, writes: record.writes.map((write) => ({ ...write })) }));
  }

  /** Index of the connection that the next request gets. */
  take(token: string, play: string): number {
    const { played } = this.#log(token);
    const index = played.get(play) ?? 0;
    played.set(play, index + 1);
    return index;
  }

  /** Takes a new record; `end` is called if its token is ended before `done`. */
  add(record: RequestRecord, end: () => void): { wrote(bytes: Buffer): void; done(): void } {
    const log = this.#log(record.token);
    log.records.push(record);
    log.sizes.set(record, 0);
    log.open.add(end);
    this.#records++;
    this.#grow(log, record, record.target.length + overhead);
    for (const [name, value] of record.headers) this.#grow(log, record, name.length + value.length);
    if (log.records.length > this.#limits.recordsPerToken) this.#dropFirst(log);
    this.#shrink();

    let recorded = 0;
    return {
      wrote: (bytes) => {
        const last = record.writes.at(-1);
        if (last && record.writes.length >= this.#limits.writesPerConnection) {
          last.at = now();
          last.length += bytes.length;
          return;
        }
        const text = bytes.toString('latin1', 0, Math.max(0, this.#limits.bytesPerConnection - recorded));
        recorded += text.length;
        record.writes.push({ at: now(), bytes: text, length: bytes.length });
        this.#grow(log, record, text.length + overhead);
        this.#shrink();
      },
      done: () => log.open.delete(end)
    };
  }

  /** Forgets a token and ends its open connections. */
  endToken(token: string): void {
    const log = this.#tokens.get(token);
    if (!log) return;
    this.#tokens.delete(token);
    while (log.records.length) this.#dropFirst(log);
    for (const end of log.open) end();
  }

  #log(token: string): TokenLog {
    let log = this.#tokens.get(token);
    if (!log) {
      log = { records: [], sizes: new Map(), played: new Map(), open: new Set() };
      this.#tokens.set(token, log);
      this.#shrink();
    }
    return log;
  }

  #grow(log: TokenLog, record: RequestRecord, bytes: number): void {
    const size = log.sizes.get(record);
    if (size === undefined) return;
    log.sizes.set(record, size + bytes);
    this.#bytes += bytes;
  }

  #dropFirst(log: TokenLog): void {
    const record = log.records.shift()!;
    this.#records--;
    this.#bytes -= log.sizes.get(record)!;
    log.sizes.delete(record);
  }

  #shrink(): void {
    const { tokens, records } = this.#limits;
    while (this.#tokens.size > tokens || this.#records > records || this.#bytes > keptBytes) {
      const [oldest, log] = this.#tokens.entries().next().value!;
      if (this.#tokens.size > 1) this.endToken(oldest);
      else this.#dropFirst(log);
    }
  }
}
