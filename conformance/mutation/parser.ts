import { isDeepStrictEqual } from 'node:util';
import { writes } from '../../fixtures-server/stream-script.ts';
import type { Case } from '../case.ts';
import { interpretDecodedStream, type OracleResult } from '../oracle.ts';

export type Parser = typeof import('../../polyfill/event-stream.ts');

export const parserAlone = 'the parser alone';

/** Characters up to which a stream is cut at every place, and those up to which it is read at all. */
const many = 2000;
const most = 500_000;

/** The decoded streams of a case, as they were written: each connection's in its pieces. */
const streamsOf = ({ connections }: Case): string[][] =>
  connections
    .filter(({ headers = {} }) => !('Content-Encoding' in headers))
    .map(({ stream = [] }) => {
      const decoder = new TextDecoder();
      const pieces = writes(stream).filter((item) => Buffer.isBuffer(item));
      return [...pieces.map((bytes) => decoder.decode(bytes, { stream: true })), decoder.decode()];
    })
    .filter((pieces) => {
      const { length } = pieces.join('');
      return length > 0 && length < most;
    });

/** Those that have something to parse. */
export const casesOfTheParser = <Each extends Case>(cases: Each[]): Each[] =>
  cases.filter((each) => streamsOf(each).length > 0);

/** Expected of what a stream begins with, by its text. */
const known = new Map<string, OracleResult>();

function expectedOf(text: string): OracleResult {
  let expected = known.get(text);
  if (!expected) known.set(text, (expected = interpretDecodedStream(text)));
  return expected;
}

/**
 * Reads the streams of a case, whole, as written, cut in two at every place and character by character, with a trace if there can be one,
 * and without. Answers what is not as the oracle says, of the first that is not.
 */
export function tryTheParser(parser: Parser, testCase: Case, hasTrace: boolean): string | undefined {
  for (const pieces of streamsOf(testCase)) {
    const text = pieces.join('');
    const cuts = [[text], pieces];
    if (text.length <= many) {
      cuts.push([...text].flatMap((character) => character.split('')));
      for (let at = 1; at < text.length; at++) cuts.push([text.slice(0, at), text.slice(at)]);
    }
    for (const cut of cuts) {
      for (const traced of hasTrace ? [true, false] : [false]) {
        const difference = read(parser, cut, traced);
        if (difference !== undefined) {
          return `${difference}, in ${cut.length} pieces ${traced ? 'with' : 'without'} a trace`;
        }
      }
    }
  }
  return undefined;
}

function read(parser: Parser, pieces: string[], traced: boolean): string | undefined {
  const seen: Omit<OracleResult, 'unfinishedData' | 'unfinishedLine'> = {
    events: [],
    branches: [],
    lines: [],
    retry: null,
    lastEventId: ''
  };
  let blanks = 0;
  const push = parser.interpretTheEventStream(
    {
      setTheLastEventIdString(value) {
        blanks++;
        seen.lastEventId = value;
      },
      setTheReconnectionTime: (value) => (seen.retry = value),
      dispatchTheEvent(type, data, lastEventId) {
        seen.events.push({ type, data, lastEventId });
        seen.lastEventId = lastEventId;
      },
      ...(traced && {
        trace(branch, line) {
          seen.branches.push(branch);
          seen.lines.push(line);
        }
      })
    },
    ''
  );
  let text = '';
  for (const piece of pieces) {
    text += piece;
    const { unfinishedData, unfinishedLine } = expectedOf(text);
    const kept = push(piece);
    const lineLength = traced || unfinishedLine[0] !== ':' ? unfinishedLine.length : 1;
    const expected = Math.max(lineLength, unfinishedData.length);
    if (kept !== expected) return `${kept} characters are held in place of ${expected}`;
  }
  const { events, retry, lastEventId, branches, lines } = expectedOf(text);
  if (!isDeepStrictEqual(seen.events, events)) return 'other events';
  if (seen.retry !== retry || seen.lastEventId !== lastEventId) return 'another retry or last event ID';
  if (blanks !== branches.filter((branch) => branch === 'nothing to dispatch').length)
    return 'other blocks that dispatch nothing';
  if (traced && !isDeepStrictEqual([seen.branches, seen.lines], [branches, lines])) return 'another trace';
  return undefined;
}
