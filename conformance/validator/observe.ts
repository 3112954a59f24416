import { Transform } from 'node:stream';
import zlib from 'node:zlib';
import { extractTheEssence } from '../../polyfill/platform/mime-type.ts';
import { redirectStatuses } from '../redirect-status.ts';
import { exchange } from './connect.ts';
import type { Head, Header, Limits, Listener, OutgoingRequest, Recording, Source } from './recording.ts';
import { Trace } from './trace.ts';
import type { TracedBlock, TraceObserver } from './trace-observer.ts';

/** One request, the redirects it followed, and what its last answer held. */
export interface Exchange extends Recording {
  request: OutgoingRequest;
  /** The answers that redirected, oldest first. */
  redirects: { url: URL; head: Head }[];
  /** The Content-Encoding that was undone, if any. */
  decoded?: string;
  /** The Content-Encoding that cannot be undone here: no byte is traced. */
  undecodable?: string;
  /** Of the body, any Content-Encoding undone, that cannot be: what the decoder said. */
  decodingFault?: string;
  /** When the first and the last byte of the body came, and the longest time between two reads; ms. */
  firstByteAt?: number;
  lastByteAt?: number;
  longestGap: { from: number; to: number };
  /** When the first event came, ms. */
  firstEventAt?: number;
  /** The longest time without an event, that before the first and that after the last included; ms. */
  longestSilence: number;
  /** The first 64 KiB of the decoded body. */
  beginning: Buffer;
  /** Decoded bytes. */
  decodedBytes: number;
  /** The body, if it was read as an event stream. */
  trace?: Trace;
  /** The first blocks that dispatched an event, within memory. */
  events: TracedBlock[];
  /** Whether the whole body was decoded up to its end or limit. */
  truncated: boolean;
}

const beginningBytes = 64 * 1024;
const mostEvents = 1000;
const mostEventBytes = 1024 * 1024;
const mostRedirects = 20;
/** As one read has at most; and a large one at least. */
const copyBytes = 64 * 1024;
const leastCopy = 8 * 1024;
/** In one Content-Encoding. */
const mostCodings = 5;

type Decoder = Transform & { flush(callback: () => void): void };

const flushing = { flush: zlib.constants.Z_SYNC_FLUSH };
const decoders: Record<string, () => Decoder> = {
  gzip: () => zlib.createGunzip(flushing),
  'x-gzip': () => zlib.createGunzip(flushing),
  deflate: () => zlib.createInflate(flushing),
  br: () => zlib.createBrotliDecompress(),
  // Node 22.15.
  ...('createZstdDecompress' in zlib && { zstd: () => new ZstdFrames() })
};

/** Of small frames so many are decoded at a time: to wait for each takes ten times as long as to decode it. */
const mostFrames = 16;
const mostBlocks = 2;

/**
 * https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1: where the frame ends that begins at `start`, if it is whole, and small: of some
 * blocks, which have at most 128 KiB of content each.
 */
function endOfSmallFrame(bytes: Buffer, start: number): number | undefined {
  if (start + 5 > bytes.length || bytes.readUInt32LE(start) !== 0xfd2fb528) return undefined;
  const descriptor = bytes[start + 4]!;
  const isSingleSegment = (descriptor & 32) > 0;
  const dictionaryId = [0, 1, 2, 4][descriptor & 3]!;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const checksum = (descriptor & 4) > 0 ? 4 : 0;
  let end = start + 5 + (isSingleSegment ? 0 : 1) + dictionaryId + contentSize;
  for (let blocks = 0; blocks < mostBlocks && end + 3 <= bytes.length; blocks++) {
    const header = bytes.readUIntLE(end, 3);
    const isRepeatedByte = ((header >> 1) & 3) === 1;
    end += 3 + (isRepeatedByte ? 1 : header >> 3);
    if ((header & 1) > 0) return end + checksum <= bytes.length ? end + checksum : undefined;
  }
  return undefined;
}

/** Zstandard, of which Node reads a write to the end of a frame only. */
class ZstdFrames extends Transform {
  /** Of a frame that is large, or not whole. */
  #frame: zlib.ZstdDecompress | undefined;
  /** Each of many small frames. */
  #decoders: FrameDecoder[] = [];

  override _transform(bytes: Buffer, _: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (!this.#frame) {
      const frames: Buffer[] = [];
      let start = 0;
      for (let end: number | undefined; frames.length < mostFrames; start = end) {
        end = endOfSmallFrame(bytes, start);
        if (end === undefined) break;
        frames.push(bytes.subarray(start, end));
      }
      if (frames.length > 0) {
        this.#decode(frames, () => {
          if (this.destroyed || start === bytes.length) callback();
          else this._transform(bytes.subarray(start), _, callback);
        });
        return;
      }
    }
    this.#frame ??= this.#begin();
    const frame = this.#frame;
    const before = frame.bytesWritten;
    frame.write(bytes, (error) => {
      const taken = frame.bytesWritten - before;
      if (error || this.destroyed || taken === 0 || taken >= bytes.length) callback();
      else {
        this.#frame = undefined;
        const goOn = () => {
          frame.destroy();
          this._transform(bytes.subarray(taken), _, callback);
        };
        if (frame.readableEnded) goOn();
        else frame.once('end', goOn);
      }
    });
  }

  override _flush(callback: () => void): void {
    if (!this.#frame) callback();
    else this.#frame.once('end', callback).end();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#frame?.destroy();
    for (const { stream } of this.#decoders) stream.destroy();
    callback(error);
  }

  /** Calls back when what was written is decoded. */
  flush(callback: () => void): void {
    this.write(Buffer.alloc(0), callback);
  }

  #begin(): zlib.ZstdDecompress {
    const frame = createZstdDecompress();
    frame.on('data', (bytes: Buffer) => !this.destroyed && this.push(bytes));
    frame.on('error', (error) => this.destroy(error));
    return frame;
  }

  #decode(frames: Buffer[], callback: () => void): void {
    let left = frames.length;
    const done = () => {
      if (--left > 0 || this.destroyed) return;
      const decoders = this.#decoders.slice(0, frames.length);
      const failed = decoders.findIndex(({ fault }) => fault);
      const sound = failed < 0 ? decoders : decoders.slice(0, failed);
      const bytes = Buffer.concat(sound.flatMap(({ decoded }) => decoded.splice(0)));
      if (bytes.length > 0) this.push(bytes);
      if (failed >= 0) this.destroy(decoders[failed]!.fault);
      else callback();
    };
    for (const [index, frame] of frames.entries()) {
      const decoder = (this.#decoders[index] ??= createDecoder());
      decoder.done = done;
      decoder.stream.write(frame, (error) => {
        if (!error) done();
      });
    }
  }
}

interface FrameDecoder {
  stream: zlib.ZstdDecompress;
  decoded: Buffer[];
  fault?: Error;
  done(): void;
}

function createDecoder(): FrameDecoder {
  // What is taken of Buffer's pool is given up soon, by all decoders at a time.
  const stream = createZstdDecompress({ chunkSize: 2048 });
  const decoder: FrameDecoder = { stream, decoded: [], done: () => {} };
  stream.on('data', (bytes: Buffer) => decoder.decoded.push(bytes));
  stream.on('error', (error) => {
    decoder.fault = error;
    decoder.done();
  });
  return decoder;
}

/** https://www.rfc-editor.org/rfc/rfc9659#section-3: a window of at most 8 MB. */
function createZstdDecompress(options?: zlib.ZstdOptions): zlib.ZstdDecompress {
  return zlib.createZstdDecompress({ ...options, params: { [zlib.constants.ZSTD_d_windowLogMax]: 23 } });
}

/**
 * Copies of large reads for as long as they are decoded: then their memory is used again. While a decoder has one, scavenges pass, and V8
 * lets 64 MB of such buffers gather before it looks for those that nobody has any more.
 */
class Copies {
  #free: Buffer[] = [];

  of(bytes: Buffer): Buffer {
    if (bytes.length < leastCopy || bytes.length > copyBytes) return Buffer.from(bytes);
    const copy = this.#free.pop() ?? Buffer.allocUnsafeSlow(copyBytes);
    bytes.copy(copy);
    return copy.subarray(0, bytes.length);
  }

  giveBack({ buffer, length }: Buffer): void {
    if (length >= leastCopy && buffer.byteLength === copyBytes) this.#free.push(Buffer.from(buffer));
  }
}

/** What browsers ask for, of what can be undone here. */
export const browsersCodings = ['gzip', 'deflate', 'br', 'zstd']
  .filter((coding) => coding in decoders)
  .join(', ');

/** In the order in which they were applied. `none` is no coding, and clients take it for that. */
function codingsOf(head: Head): string[] {
  return headersOf(head, 'content-encoding')
    .flatMap((value) => value.split(','))
    .map((value) => value.trim().toLowerCase())
    .filter((coding) => !/^(|identity|none)$/.test(coding));
}

/** First value of a header of an answer or a request, by name in lower case. */
export function headerOf(of: { headers: Header[] } | undefined, name: string): string | undefined {
  return of?.headers.find((header) => header.name.toLowerCase() === name)?.value;
}

/** https://fetch.spec.whatwg.org/#concept-header-list-get: all values of a header in one. */
export function combinedValueOf(head: Head | undefined, name: string): string | undefined {
  const values = headersOf(head, name);
  return values.length > 0 ? values.join(', ') : undefined;
}

/** All values of a header, by name in lower case. */
export function headersOf(head: Head | undefined, name: string): string[] {
  return (head?.headers ?? [])
    .filter((header) => header.name.toLowerCase() === name)
    .map(({ value }) => value);
}

/** Type and subtype of the Content-Type in lower case as Fetch extracts them, '' if there is none. */
export function essenceOf(head: Head | undefined): string {
  return extractTheEssence(headersOf(head, 'content-type').join(', '));
}

/** Whether clients read the body as an event stream, or would but for its label. */
export function isStreamHead(head: Head | undefined): boolean {
  return head?.status === 200 && essenceOf(head) === 'text/event-stream';
}

/** Whether a stream is opened: an empty body may be labelled as one too. */
export function opensStream(exchange: Exchange): boolean {
  return isStreamHead(exchange.head) && !(hasEnded(exchange) && exchange.decodedBytes === 0);
}

/** What is read as a stream: what is one, and 200s whose label says nothing about what they are. */
function isTraced(head: Head): boolean {
  return (
    head.status === 200 &&
    /^(text\/event-stream|text\/plain|application\/octet-stream|)$/.test(essenceOf(head))
  );
}

export interface ObserveOptions {
  request: OutgoingRequest;
  limits: Limits;
  clock: () => number;
  observers?: TraceObserver[];
  signal?: AbortSignal;
  /** Called with the head of each answer that is no 3xx; true stops the reading. */
  onHead?(exchange: Exchange): boolean | undefined;
  /** Called after each read; true stops the reading. */
  until?(exchange: Exchange): boolean;
}

/** Asks, follows redirects as Fetch does, undoes the Content-Encoding, and traces the body. Resolves always. */
export async function observe(options: ObserveOptions): Promise<Exchange> {
  const redirects: Exchange['redirects'] = [];
  let { request } = options;
  for (;;) {
    const observed = await observeOne({ ...options, request }, redirects);
    const location = headerOf(observed.head, 'location');
    if (!observed.head || location === undefined || !isRedirect(observed.head)) {
      return observed;
    }
    redirects.push({ url: request.url, head: observed.head });
    let url: URL;
    try {
      url = new URL(Buffer.from(location, 'latin1').toString('utf8'), request.url);
      if (!/^https?:$/.test(url.protocol)) throw new TypeError(url.protocol);
    } catch {
      return observed;
    }
    if (redirects.length > mostRedirects) {
      observed.failure = { kind: 'redirects', message: `more than ${mostRedirects} redirects` };
      return observed;
    }
    const { method, body, headers } = request;
    const becomesGet = losesBody(observed.head.status, method);
    request = {
      url,
      method: becomesGet ? 'GET' : method,
      headers: headers.filter(
        ({ name }) =>
          keepsHeader(name, request.url, url) &&
          !(becomesGet && /^content-(encoding|language|length|location|type)$/i.test(name))
      ),
      ...(body && !becomesGet && { body })
    };
  }
}

/** https://fetch.spec.whatwg.org/#http-redirect-fetch: where its Location cannot be followed, that is a network error, and clients ask again. */
export function isRedirect(head: Head): boolean {
  return redirectStatuses.includes(head.status) && headerOf(head, 'location') !== undefined;
}

/** https://fetch.spec.whatwg.org/#http-redirect-fetch: 303 asks for another thing; 301 and 302 do after a POST. */
function losesBody(status: number, method: string): boolean {
  return status === 303 ? !/^(GET|HEAD)$/.test(method) : status < 303 && method === 'POST';
}

/** "If request's current URL's origin is not same origin with locationURL's origin", credentials stay behind; so does the name of the host. */
function keepsHeader(name: string, from: URL, to: URL): boolean {
  return from.origin === to.origin || !/^(authorization|cookie|host|proxy-authorization)$/i.test(name);
}

async function observeOne(
  { request, limits, clock, observers = [], signal, onHead, until }: ObserveOptions,
  redirects: Exchange['redirects']
): Promise<Exchange> {
  const whole = {
    request,
    redirects,
    longestGap: { from: 0, to: 0 },
    longestSilence: 0,
    beginning: Buffer.alloc(0),
    decodedBytes: 0,
    events: [],
    truncated: false
  } as unknown as Exchange;
  let eventBytes = 0;
  let lastEventAt: number | undefined;
  const endSilence = (at: number) => {
    whole.longestSilence = Math.max(whole.longestSilence, at - (lastEventAt ?? whole.sentAt));
    lastEventAt = at;
  };
  const keeper: TraceObserver = {
    block(block) {
      eventBytes += block.event!.data.length;
      if (whole.events.length === mostEvents || eventBytes > mostEventBytes) return 'enough';
      whole.events.push(block);
      return undefined;
    }
  };
  /** The first takes what comes. */
  let chain: Decoder[] = [];
  let decoderStop = false;
  const copies = new Copies();

  const take = (bytes: Buffer, at: number) => {
    if (whole.decodedBytes + bytes.length > limits.maxBytes) {
      bytes = bytes.subarray(0, limits.maxBytes - whole.decodedBytes);
      whole.truncated = true;
      decoderStop = true;
    }
    if (bytes.length === 0) return;
    whole.decodedBytes += bytes.length;
    if (whole.beginning.length < beginningBytes) {
      whole.beginning = Buffer.concat([
        whole.beginning,
        bytes.subarray(0, beginningBytes - whole.beginning.length)
      ]);
    }
    const { trace } = whole;
    if (whole.undecodable !== undefined || !trace) return;
    const before = trace.events;
    trace.push(bytes, at);
    if (trace.events === before) return;
    endSilence(at);
    whole.firstEventAt ??= at;
  };

  let source: Source;
  const stop = new AbortController();
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const listener: Listener = {
    head(head, from) {
      source = from;
      // The whole class: none of them has a body that clients read.
      const isRedirection = head.status >= 300 && head.status < 400;
      if (!isRedirection && onHead?.(whole)) return true;
      const codings = codingsOf(head);
      const canDecode =
        codings.length <= mostCodings && codings.every((coding) => Object.hasOwn(decoders, coding));
      if (!canDecode) whole.undecodable = codings.slice(0, mostCodings).join(', ');
      if (isTraced(head) && request.method !== 'HEAD') {
        whole.trace = new Trace([keeper, ...observers]);
      }
      if (request.method === 'HEAD') return undefined;
      if (isRedirection) return true;
      if (codings.length === 0 || !canDecode) return undefined;
      whole.decoded = codings.join(', ');
      chain = codings.toReversed().map((coding) => decoders[coding]!());
      chain.reduce((from, to) => from.pipe(to));
      chain.at(-1)!.on('data', (bytes: Buffer) => {
        if (decoderStop) return;
        take(bytes, clock());
        if (decoderStop || until?.(whole)) {
          decoderStop = true;
          for (const each of chain) each.destroy();
          stop.abort();
        }
      });
      for (const decoder of chain) {
        decoder.on('error', (error) => {
          whole.decodingFault ??= error.message;
          decoderStop = true;
          stop.abort();
        });
      }
      return undefined;
    },
    body(bytes, at) {
      const last = whole.lastByteAt ?? whole.head!.at;
      if (at - last > whole.longestGap.to - whole.longestGap.from) whole.longestGap = { from: last, to: at };
      whole.firstByteAt ??= at;
      whole.lastByteAt = at;
      const [decoder] = chain;
      if (decoder) {
        if (decoderStop) return undefined;
        const copy = copies.of(bytes);
        if (!decoder.write(copy, () => copies.giveBack(copy))) {
          source.pause();
          decoder.once('drain', () => source.resume());
        }
        return undefined;
      }
      take(bytes, at);
      return until?.(whole);
    }
  };
  await exchange({ request, limits, clock, listener, signal: both }, whole);
  if (chain.length > 0 && !chain.some(({ destroyed }) => destroyed))
    await drain(chain, hasEnded(whole), Math.max(500, limits.duration - (clock() - whole.sentAt)));
  for (const decoder of chain) decoder.destroy();
  if (decoderStop && whole.truncated) whole.ending = 'byte limit';
  else if (decoderStop && whole.ending === 'time limit' && !whole.decodingFault) whole.ending = 'enough';
  const silentSince = whole.lastByteAt ?? whole.head?.at;
  if (
    silentSince !== undefined &&
    whole.endedAt - silentSince > whole.longestGap.to - whole.longestGap.from
  ) {
    whole.longestGap = { from: silentSince, to: whole.endedAt };
  }
  whole.trace?.end(whole.endedAt, hasEnded(whole));
  endSilence(whole.endedAt);
  return whole;
}

/** Events that carried an id line of their own. */
export function eventsWithIds({ events }: Exchange): TracedBlock[] {
  return events.filter(({ id }) => id !== undefined && id !== '');
}

/** Whether an event comes as soon as a client asks. */
export function beginsWithEvent({ startedAt, sentAt, firstEventAt = Infinity }: Exchange): boolean {
  const roundTrip = sentAt - startedAt;
  return firstEventAt - sentAt < 100 + roundTrip;
}

/** Within how long a client gets an event, whenever it asks, ms. The first may come early by chance alone: `others` are asked later. */
export function dueWithin(plain: Exchange, others: (Exchange | undefined)[]): number | undefined {
  const waitOf = ({ sentAt, firstEventAt }: Exchange) => firstEventAt! - sentAt;
  const later = others.filter((other) => other?.firstEventAt !== undefined) as Exchange[];
  if (beginsWithEvent(plain) && later.some(beginsWithEvent)) return waitOf(plain);
  return plain.events.length > 0 && plain.events.length + later.length > 1
    ? Math.max(plain.longestSilence, ...later.map(waitOf))
    : undefined;
}

/** Whether the server ended the body of its own accord. */
export function hasEnded({ ending }: Exchange): boolean {
  return ending === 'complete' || ending === 'closed';
}

/** Waits up to `timeout` ms for what the decoders have in hand. An unfinished body is no fault of its own. */
function drain(chain: Decoder[], isWhole: boolean, timeout: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, timeout);
    function finish() {
      clearTimeout(timer);
      resolve();
    }
    for (const decoder of chain) {
      decoder.on('error', finish);
      decoder.on('close', () => decoder === chain.at(-1) && finish());
    }
    if (isWhole) {
      chain[0]!.end();
      chain.at(-1)!.on('end', finish);
    } else {
      // What one gives out goes to the next first.
      const flush = (index: number) => {
        const decoder = chain[index];
        if (decoder) decoder.flush(() => setImmediate(flush, index + 1));
        else finish();
      };
      flush(0);
    }
  });
}

/** Of a URL with a user or a password: https://www.rfc-editor.org/rfc/rfc7617#section-2 */
export function basicCredentials({ username, password }: URL): Header[] {
  if (!username && !password) return [];
  // "Percent-decode": what is no escape stays.
  const decoded = `${username}:${password}`.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 16))
  );
  return [{ name: 'Authorization', value: `Basic ${Buffer.from(decoded, 'latin1').toString('base64')}` }];
}

/** A URL as it may be shown: without the user and the password that it may hold. */
export function withoutCredentials(url: string | URL): string {
  const bare = new URL(url);
  bare.username = bare.password = '';
  return bare.href;
}

/** A header of a request, or a TypeError that says what is wrong with it. */
export function parseHeader(text: string): Header {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new TypeError(`a header must look like "Name: value", not ${JSON.stringify(text)}`);
  }
  return { name, value };
}
