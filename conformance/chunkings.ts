import {
  writes,
  type ConnectionScript,
  type Play,
  type StreamItem
} from '../fixtures-server/stream-script.ts';
import type { Case, Section } from './case.ts';

/**
 * The ways to cut the bytes of a stream into writes. `as-written` is the case's own. The pauses of a case stay where they are.
 * A pause of 4 ms at the cuts that matter keeps the two sides from arriving in one read.
 */
const chunkings: Record<string, (bytes: Uint8Array) => number[]> = {
  whole: () => [],
  'one-byte': (bytes) => every(1, bytes.length),
  'two-bytes': (bytes) => every(2, bytes.length),
  'after-cr': (bytes) => positions(bytes, (at) => bytes[at - 1] === 0x0d),
  'in-utf8': (bytes) => positions(bytes, (at) => (bytes[at]! & 0xc0) === 0x80)
};
const pausing = new Set(['after-cr', 'in-utf8']);
/** Streams longer than this are not cut into single bytes or pairs. */
const fineCutLimit = 2000;

/** All ways in which a case is run: each a play whose id is the case's, and after an @ the chunking. */
export function cut(section: Section, testCase: Case): { chunking: string; play: Play }[] {
  const asWritten = { chunking: 'as-written', play: toPlay(testCase, testCase.id, testCase.connections) };
  if (!(testCase.chunkings ?? (section === 'parsing' || section === 'fields'))) return [asWritten];
  const result = [asWritten];
  const seen = new Set([JSON.stringify(testCase.connections)]);
  for (const chunking of Object.keys(chunkings)) {
    const connections = testCase.connections.map((connection) => cutConnection(connection, chunking));
    const key = JSON.stringify(connections);
    if (seen.has(key)) continue;
    seen.add(key);
    result.push({ chunking, play: toPlay(testCase, `${testCase.id}@${chunking}`, connections) });
  }
  return result;
}

function toPlay(testCase: Case, id: string, connections: ConnectionScript[]): Play {
  const play: Play = { id, connections };
  if (testCase.repeat !== undefined) play.repeat = testCase.repeat;
  if (testCase.preflight !== undefined) play.preflight = testCase.preflight;
  return play;
}

function cutConnection(connection: ConnectionScript, chunking: string): ConnectionScript {
  if (!connection.stream) return connection;
  const stream: StreamItem[] = [];
  let pending: Uint8Array[] = [];
  const flush = () => {
    const bytes = Buffer.concat(pending);
    pending = [];
    if (bytes.length > 0) stream.push(...cutBytes(bytes, chunking));
  };
  for (const item of connection.stream) {
    if (typeof item === 'object' && 'pause' in item) {
      flush();
      stream.push(item);
    } else pending.push(...(writes([item]) as Buffer[]));
  }
  flush();
  return { ...connection, stream };
}

function cutBytes(bytes: Buffer, chunking: string): StreamItem[] {
  if (bytes.length > fineCutLimit && (chunking === 'one-byte' || chunking === 'two-bytes'))
    chunking = 'whole';
  const cuts = [0, ...chunkings[chunking]!(bytes), bytes.length];
  const items: StreamItem[] = [];
  for (let i = 1; i < cuts.length; i++) {
    if (cuts[i - 1] === cuts[i]) continue;
    if (pausing.has(chunking) && items.length > 0) items.push({ pause: 4 });
    items.push(toItem(bytes.subarray(cuts[i - 1], cuts[i])));
  }
  return items;
}

function toItem(bytes: Buffer): StreamItem {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : { hex: bytes.toString('hex') };
}

function every(step: number, length: number): number[] {
  const cuts = [];
  for (let at = step; at < length; at += step) cuts.push(at);
  return cuts;
}

function positions(bytes: Uint8Array, isCut: (at: number) => boolean): number[] {
  return every(1, bytes.length).filter(isCut);
}
