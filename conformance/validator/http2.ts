import type http2 from 'node:http2';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { connectionFields } from '../../fixtures-server/connection-fields.ts';
import type { Head, OutgoingRequest, Source } from './recording.ts';

export interface Http2Listener {
  settings(maxConcurrentStreams: number | undefined): void;
  /** A field that HTTP/2 forbids. The answer fails after it, as in clients that are strict. */
  forbiddenField(name: string): void;
  head(head: Omit<Head, 'at'>, source: Source): void;
  body(bytes: Buffer): void;
  /** The server ended the body. */
  end(): void;
  failed(message: string): void;
}

/** Index of transfer-encoding in https://www.rfc-editor.org/rfc/rfc7541#appendix-A, the only one of them there. */
const transferEncoding = 57;
/** https://www.rfc-editor.org/rfc/rfc7541#appendix-B, of the characters of those names. */
const huffmanCodes: Record<string, string> = {
  '-': '010110',
  a: '00011',
  c: '00100',
  d: '100100',
  e: '00101',
  f: '100101',
  g: '100110',
  i: '00110',
  k: '1110101',
  l: '101000',
  n: '101010',
  o: '00111',
  p: '101011',
  r: '101100',
  s: '01000',
  t: '01001',
  u: '101101',
  v: '1110111',
  x: '1111001',
  y: '1111010'
};
const huffmanNames = new Map(
  connectionFields.map((name) => {
    const bits = [...name].map((character) => huffmanCodes[character]!).join('');
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
    return [Buffer.from(padded.match(/.{8}/g)!.map((byte) => parseInt(byte, 2))).toString('hex'), name];
  })
);

/** Asks over a connection that chose HTTP/2, and reads the answer until what it returns is called. */
export function speakHttp2(
  { connect }: typeof http2,
  socket: TLSSocket,
  { url, method, headers, body }: OutgoingRequest,
  listener: Http2Listener
): () => void {
  const scan = createFieldScanner((name) => listener.forbiddenField(name));
  const connection = new Duplex({
    read: () => void socket.resume(),
    write: (bytes: Buffer, _, done) => void socket.write(bytes, () => done())
  });
  socket.on('data', (bytes: Buffer) => {
    scan(bytes);
    if (!connection.push(bytes)) socket.pause();
  });
  const session = connect(url.origin, { createConnection: () => connection });
  session.on('error', (error) => listener.failed(`the HTTP/2 connection failed: ${error.message}`));
  session.once('remoteSettings', ({ maxConcurrentStreams }) => listener.settings(maxConcurrentStreams));
  const fields: Record<string, string[]> = {};
  for (const { name, value } of headers) {
    const field = name.toLowerCase() === 'host' ? ':authority' : name.toLowerCase();
    if (!connectionFields.includes(field)) (fields[field] ??= []).push(value);
  }
  const stream = session.request({ ':method': method, ':path': `${url.pathname}${url.search}`, ...fields });
  stream.on('response', (known: http2.IncomingHttpHeaders, _flags: number, raw?: string[]) => {
    // Of a field that comes twice `known` has but one, or the two in one.
    const pairs = raw
      ? raw.flatMap((name, index) => (index % 2 === 0 ? [{ name, value: raw[index + 1]! }] : []))
      : Object.entries(known).map(([name, value]) => ({ name, value: String(value) }));
    listener.head(
      {
        version: '2',
        status: Number((known as { ':status'?: number })[':status']),
        reason: '',
        headers: pairs.filter(({ name }) => !name.startsWith(':'))
      },
      stream
    );
    // Not before: the data can come ahead of this event.
    stream.on('data', (bytes: Buffer) => listener.body(bytes));
    stream.on('end', () => {
      if (stream.rstCode === 0 && !stream.aborted) listener.end();
    });
  });
  stream.on('error', (error) => listener.failed(`the HTTP/2 stream failed: ${error.message}`));
  stream.on('close', () => listener.failed('the HTTP/2 stream was closed'));
  stream.end(body);
  return () => session.destroy();
}

const frameHead = 9;
const mostBuffered = 64 * 1024;

/** Looks into the frames before the body for names of forbidden fields: HTTP/2 libraries fail the stream and do not say why. */
export function createFieldScanner(found: (name: string) => void): (bytes: Buffer) => void {
  let buffer: Buffer = Buffer.alloc(0);
  let block: Buffer[] = [];
  let isOver = false;
  return (bytes) => {
    if (isOver) return;
    buffer = Buffer.concat([buffer, bytes]);
    while (buffer.length >= frameHead) {
      const length = buffer.readUIntBE(0, 3);
      const [type, flags] = [buffer[3]!, buffer[4]!];
      isOver = type === 0 || length > mostBuffered;
      if (isOver) return;
      if (buffer.length < frameHead + length) return;
      let payload = buffer.subarray(frameHead, frameHead + length);
      buffer = buffer.subarray(frameHead + length);
      if (type !== 1 && type !== 9) continue;
      if (type === 1 && flags & 0x08) payload = payload.subarray(1, payload.length - payload[0]!);
      if (type === 1 && flags & 0x20) payload = payload.subarray(5);
      block.push(payload);
      if ((flags & 0x04) === 0) continue;
      findFields(Buffer.concat(block), found);
      block = [];
    }
  };
}

/** Reads https://www.rfc-editor.org/rfc/rfc7541#section-6 without values, and without what it put into the dynamic table. */
function findFields(block: Buffer, found: (name: string) => void): void {
  let index = 0;
  const integer = (prefix: number): number => {
    const most = 2 ** prefix - 1;
    let value = (block[index++] ?? 0) & most;
    if (value < most) return value;
    for (let factor = 1; index < block.length; factor *= 128) {
      const byte = block[index++]!;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  const string = (): string | undefined => {
    const isHuffman = ((block[index] ?? 0) & 128) !== 0;
    const length = integer(7);
    const bytes = block.subarray(index, index + length);
    index += length;
    return isHuffman ? huffmanNames.get(bytes.toString('hex')) : bytes.toString('latin1');
  };
  while (index < block.length) {
    const first = block[index]!;
    if ((first & 0xe0) === 0x20) {
      integer(5);
      continue;
    }
    const isIndexed = first >= 0x80;
    const entry = integer(isIndexed ? 7 : first >= 0x40 ? 6 : 4);
    const name = entry === transferEncoding ? 'transfer-encoding' : entry === 0 ? string() : undefined;
    if (!isIndexed) string();
    if (name !== undefined && connectionFields.includes(name)) found(name);
  }
}
