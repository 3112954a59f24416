import { essenceOf, isStreamHead } from '../observe.ts';
import {
  at,
  atBlock,
  atEvent,
  finding,
  notApplicable,
  notObserved,
  ok,
  onHead,
  onStream,
  quote,
  rule,
  type Observations,
  type Rule
} from '../rule.ts';
import { decodeUtf8, fieldValue } from '../latin1.ts';
import type { TracedLine } from '../trace-observer.ts';
import { isPriming, parseJson } from './format-events.ts';
import { standard } from './sources.ts';

const openai = 'https://platform.openai.com/docs/api-reference/chat-streaming';
const anthropic = 'https://docs.anthropic.com/en/api/messages-streaming';
const mcp = 'https://modelcontextprotocol.io/specification/2025-11-25/basic/transports';
const graphqlSse = 'https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md';

/** A chunk of a chat; or the last event of a response, a transcript, speech or an image. */
const lastOfAnAnswer =
  /"(finish_reason"\s*:\s*"|type"\s*:\s*"(response\.(completed|failed|incomplete)|(transcript\.text|speech\.audio)\.done|image_(generation|edit)\.completed)")/;

type Json = Record<string, unknown>;

/** Of one event several rules ask. What is large is not kept. */
let lastData = '';
let lastValue: unknown;

function parse(latin1: string): unknown {
  if (latin1 === lastData) return lastValue;
  const value = parseJson(decodeUtf8(latin1));
  if (latin1.length < 0x10000) {
    lastData = latin1;
    lastValue = value;
  }
  return value;
}

function parseObject(latin1: string): Json | undefined {
  const value = parse(latin1);
  return typeof value === 'object' && value !== null ? (value as Json) : undefined;
}

/** Whether an event of these APIs tells of an error. */
function isError(type: string | undefined, data: string): boolean {
  const json = parseObject(data);
  return (
    type === 'error' ||
    json?.type === 'response.failed' ||
    (typeof json?.error === 'object' && json.error !== null)
  );
}

/** `${mcp}#sending-messages-to-the-server`: MCP answers a message in JSON or with a stream. */
export function mayAnswerJson({ profile, method }: Observations): boolean {
  return profile === 'mcp' && method !== 'GET';
}

/** An API that answers to POST alone. */
export function isForPostOnly({ profile, method, plain }: Observations): boolean {
  return profile !== 'plain' && method === 'GET' && plain!.head!.status === 405;
}

/** A GET of MCP that an Mcp-Session-Id would have to go with. */
export function lacksSession({ profile, method, plain }: Observations): boolean {
  const { head, beginning } = plain!;
  return (
    profile === 'mcp' &&
    method === 'GET' &&
    head!.status === 400 &&
    essenceOf(head) === 'application/json' &&
    parseObject(beginning.toString('latin1'))?.jsonrpc === '2.0'
  );
}

export const dialects: Rule[] = [
  rule(
    ['D01', 'post-only', 'I D'],
    'For POST only',
    standard.processingModel,
    'EventSource asks with GET: only clients over fetch can use it.',
    onHead(({ head }, observations) =>
      isForPostOnly(observations) ? finding('GET is answered with 405', { at: head.at }) : ok
    ),
    ['openai', 'anthropic', 'mcp', 'graphql-sse']
  ),
  rule(
    ['D02', 'done-not-last', 'W D'],
    'Something follows [DONE]',
    openai,
    'Send [DONE] last; it is no JSON.',
    onStream((found) => {
      let done = false;
      return {
        blocks: { opening: 'any', only: (data) => done || data === '[DONE]' },
        block(block) {
          if (!done) {
            done = true;
            return undefined;
          }
          found({ message: 'An event comes after [DONE]', ...atBlock(block) });
          return 'counts';
        },
        again: (times) => found({ message: '', times })
      };
    }),
    ['openai']
  ),
  rule(
    ['D03', 'done-missing', 'W D'],
    'The stream ends without [DONE]',
    openai,
    'Send data: [DONE] at the end, or say in the last event that it is the last (finish_reason, response.completed): clients wait for it.',
    onStream((found) => {
      let isDone = false;
      return {
        blocks: {
          opening: 'any',
          only: (data) => !isDone && (data.startsWith('[DONE]') || lastOfAnAnswer.test(data))
        },
        block() {
          isDone = true;
        },
        end({ ended, trace: { lastEvent } }) {
          if (!ended) return notObserved('the end of the stream');
          if (!isDone && !(lastEvent && isError(lastEvent.type, lastEvent.data)))
            found({ message: 'The stream ends without data: [DONE]', ...(lastEvent && atEvent(lastEvent)) });
          return ok;
        }
      };
    }),
    ['openai']
  ),
  rule(
    ['D04', 'anthropic-type-mismatch', 'W D'],
    'The event type is not the type in the JSON',
    anthropic,
    'Write the same type in both, and end with message_stop.',
    onStream((found) => {
      const typeInJson = (data: string) => parseObject(data)?.type;
      return {
        blocks: {
          opening: 'any',
          only(data, { type }) {
            const named = typeInJson(data);
            return typeof named === 'string' && named !== decodeUtf8(type || 'message');
          }
        },
        block(block) {
          const { type, data } = block.event!;
          found({
            message: () =>
              `The event type is ${quote(decodeUtf8(type))}, the type in the JSON ${quote(typeInJson(data) as string)}`,
            ...atBlock(block)
          });
          return 'counts';
        },
        again: (times) => found({ message: '', times }),
        end({ ended, trace: { lastEvent } }) {
          if (!ended) return notObserved('the end of the stream');
          if (lastEvent?.type !== 'message_stop' && lastEvent?.type !== 'error')
            found({ message: 'The stream ends without message_stop' });
          return ok;
        }
      };
    }),
    ['anthropic']
  ),
  rule(
    ['D05', 'error-in-stream', 'W D'],
    'An error within the stream',
    standard.interpretation,
    'Clients see status 200 and have to look at the data: document it.',
    onStream((found) => ({
      blocks: {
        opening: 'any',
        only: (data, { type }) => isError(type, data)
      },
      block(block) {
        found({ message: () => `An error comes as data: ${quote(block.event!.data)}`, ...atBlock(block) });
        return 'counts';
      },
      again: (times) => found({ message: '', times })
    })),
    ['openai', 'anthropic']
  ),
  rule(
    ['D06', 'data-not-json', 'W D'],
    'Data that is no JSON',
    openai,
    'Send JSON only (and [DONE]): clients parse all of it.',
    onStream((found, { profile }) => ({
      blocks: {
        opening: 'any',
        only: (data) =>
          parse(data) === undefined &&
          !(profile === 'openai' && data === '[DONE]') &&
          !(profile === 'graphql-sse' && data === '')
      },
      block(block) {
        // `endpoint`: with a URI, first of all over HTTP with SSE, as of the protocol 2024-11-05.
        if (profile === 'mcp' && (isPriming(block) || (block.isFirst && block.event!.type === 'endpoint')))
          return undefined;
        found({ message: () => `The data ${quote(block.event!.data)} is no JSON`, ...atBlock(block) });
        return 'counts';
      },
      again: (times) => found({ message: '', times })
    })),
    ['openai', 'anthropic', 'mcp', 'graphql-sse']
  ),
  rule(
    ['D07', 'mcp-priming', 'I D'],
    'The stream begins with an id and empty data',
    mcp,
    'It lets clients resume from the start, since protocol 2025-11-25; older clients parse the empty data.',
    onStream((found) => ({
      block(block) {
        if (isPriming(block)) found({ message: 'The first event has an id and no data', ...atBlock(block) });
        return 'enough';
      }
    })),
    ['mcp']
  ),
  rule(
    ['D08', 'mcp-ids-not-resumable', 'W D'],
    'All events have the same id',
    mcp,
    'Give each event an id of its own, unique in the session.',
    onStream((found) => {
      const ids = new Set<string>();
      let first: TracedLine | undefined;
      let count = 0;
      return {
        branches: ['id'],
        line(line) {
          first ??= line;
          count++;
          if (ids.size < 2) ids.add(fieldValue(line.text));
          if (count === 3 && ids.size === 1)
            found({ message: `Three events have the id ${quote([...ids][0]!)}`, ...at(first) });
          return count < 3 ? undefined : 'enough';
        }
      };
    }),
    ['mcp']
  ),
  rule(
    ['D09', 'mcp-get-without-session', 'I D'],
    'GET needs a session',
    mcp,
    'An EventSource cannot send Mcp-Session-Id: give the validator one with --header.',
    {
      needs: ['plain'],
      check: (observations) =>
        lacksSession(observations)
          ? finding('GET without a session is answered with 400 and a JSON-RPC error', {
              at: observations.plain!.head!.at
            })
          : ok
    },
    ['mcp']
  ),
  rule(
    ['D10', 'graphql-sse', 'W D'],
    'Events that the protocol does not know',
    graphqlSse,
    'Send next and complete only, and end with complete.',
    onStream((found) => {
      return {
        blocks: { opening: 'any', only: (_, { type }) => type !== 'next' && type !== 'complete' },
        block(block) {
          const { type } = block.event!;
          found({ message: () => `The type is ${quote(type)}, not next or complete`, ...atBlock(block) });
          return 'counts';
        },
        again: (times) => found({ message: '', times }),
        end({ ended, trace: { lastEvent } }) {
          if (!ended) return notObserved('the end of the stream');
          if (lastEvent?.type === 'next') found({ message: 'The stream ends without complete' });
          return ok;
        }
      };
    }),
    ['graphql-sse']
  ),
  rule(
    ['D11', 'hmr', 'I D'],
    'A stream of a development server',
    standard.interpretation,
    'Nothing: it is not for production.',
    {
      needs: ['plain'],
      check({ url, plain }) {
        if (!isStreamHead(plain!.head)) return notApplicable('there is no stream');
        const heart = plain!.events.find(({ event }) => decodeUtf8(event!.data) === '💓');
        return heart || /\/(__webpack_hmr|webpack-hmr|__vite_hmr)$/.test(url.pathname)
          ? finding('This is the stream by which a development server tells pages to reload', {
              ...(heart && atBlock(heart))
            })
          : ok;
      }
    }
  ),
  rule(
    ['D12', 'comments-break-client', 'I D'],
    'Comments in the stream of an API',
    standard.interpretation,
    'Legal; some client packages of such APIs fail on them.',
    onStream((found) => {
      let isFirst = true;
      return {
        branches: ['comment'],
        looksLike: () => isFirst,
        line(line) {
          isFirst = false;
          found({ message: 'A comment', ...at(line) });
          return 'enough';
        },
        end({ trace: { comments } }) {
          if (comments > 1) found({ message: '', times: comments - 1 });
          return undefined;
        }
      };
    }),
    ['openai', 'anthropic']
  )
];
