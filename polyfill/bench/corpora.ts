/** Makes an event stream of at least so many bytes, whole events only. */
export type Corpus = (bytes: number) => Uint8Array;

function repeat(event: (index: number) => string): Corpus {
  return (bytes) => {
    const events: Buffer[] = [];
    for (let index = 0, length = 0; length < bytes; index++) {
      const next = Buffer.from(event(index));
      events.push(next);
      length += next.length;
    }
    return Buffer.concat(events);
  };
}

const words = 'the quick brown fox jumps over a lazy dog while tokens of a model stream on'.split(' ');
const word = (index: number) => words[(index * 7) % words.length]!;
const sentences = ['Grüße aus Zürich', 'Привет, мир', '流れるトークン', '안녕하세요 세계', '🎈 ünïcödé 🚀'];
const sentence = (index: number) => sentences[index % sentences.length]!;

/** An event of a language model's stream. */
export function tokenEvent(index: number, lineEnd = '\n'): string {
  const chunk = {
    id: 'chatcmpl-9fK2mQ7xWbT4',
    object: 'chat.completion.chunk',
    created: 1767225600,
    model: 'large-4',
    choices: [{ index: 0, delta: { content: ` ${word(index)}` }, finish_reason: null }]
  };
  return `data: ${JSON.stringify(chunk)}${lineEnd}${lineEnd}`;
}

export const corpora: Record<string, Corpus> = {
  'token JSON': repeat(tokenEvent),
  'id, event, two data lines': repeat(
    (index) =>
      `id: ${index}\nevent: update\ndata: {"user":"${word(index)}","at":${index}}\ndata: ${word(index + 1)}\n\n`
  ),
  'multi-byte text': repeat((index) => `data: ${sentence(index)} ${index} ${sentence(index + 1)}\n\n`),
  '100 KB lines': repeat((index) => `data: ${`${word(index)} `.repeat(50_000).slice(0, 100_000)}\n\n`),
  CRLF: repeat((index) => tokenEvent(index, '\r\n')),
  'comments, heartbeats': repeat(
    (index) => `: keep-alive ${index}\n\n:\n\nevent: ping\ndata: {"time":${index}}\n\n`
  )
};

/** The bytes, cut every `size` of them. */
export function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += size) chunks.push(bytes.subarray(start, start + size));
  return chunks;
}

/** One event of one line of so many characters, in chunks of 16 bytes: the same one over and over. */
export function* oneLine(characters: number): Generator<Uint8Array, void> {
  const piece = Buffer.from('abcdefghijklmnop');
  yield Buffer.from('data:');
  for (let sent = 0; sent < characters; sent += piece.length) yield piece;
  yield Buffer.from('\n\n');
}
