import {
  at,
  atBlock,
  notApplicable,
  notObserved,
  onStream,
  quote,
  rule,
  type Sighting,
  type Rule
} from '../rule.ts';
import { decodeUtf8, fieldValue } from '../latin1.ts';
import { sampled, type TracedBlock, type WantedBlocks } from '../trace-observer.ts';
import { standard } from './sources.ts';

const { interpretation } = standard;

export const megabyte = 1024 * 1024;

/** As a type, or an id. */
const missingValues = new Set(['undefined', 'NaN', 'null', 'None', '[object Object]']);
const missingData = new Set(['undefined', 'NaN']);

/** Of a dict, of a list of them, or of bytes: `{'user': 'ann', 'n': None}`, `b'x'`. */
const pythonRepr = /^(\[?\{'[^'"{}]{1,200}': [^]*\}\]?|b('[^'\n]*'|"[^"\n]*"))$/;

/** What JavaScript writes for an object, or several; and Java: `com.example.Event@1b6d3586`, `[B@1b6d3586`. Shorter hash codes are rare, and versions of a name look so. */
const javaScriptName = /^\[object [A-Z]\w{1,40}\](, ?\[object [A-Z]\w{1,40}\]){0,20}$/;
const javaName =
  /^(([a-z]\w*\.)+[A-Z][\w$]*|\[+([BCDFIJSZ]|L[\w.$]+;))@(?!(19|20)\d\d[01]\d[0-3]\d$)[1-9a-f][0-9a-f]{4,7}$/;

/** The same, or what JavaScript writes for an object, by their first two characters; that of Java by its end. */
function mayBeRepr(data: string): boolean {
  const second = data.charCodeAt(1);
  switch (data.charCodeAt(0)) {
    case 91:
      return second === 123 || second === 111 || hasJavaEnd(data);
    case 123:
      return second === 39;
    case 98:
      return second === 39 || second === 34 || hasJavaEnd(data);
    default:
      return hasJavaEnd(data);
  }
}

/** A hash code of up to eight digits. */
function hasJavaEnd(data: string): boolean {
  return data.length < 300 && data.includes('@', data.length - 9);
}

/** JSON or markup: among such a word is no text. */
function isStructured(data: string): boolean {
  return (
    /^<[a-z!/]/i.test(data) || (data.length < megabyte ? parseJson(data) !== undefined : /^[{[]/.test(data))
  );
}

/** "an SSE event consisting of an event ID and an empty data field", which the stream begins with. */
export function isPriming({ id, event, isFirst }: TracedBlock): boolean {
  return isFirst && Boolean(id) && event?.data === '';
}

/** Rules on events whose data looks so. */
function onEvent(
  blocks: Extract<WantedBlocks, { opening: unknown } | { longerThan: number }>,
  look: (
    event: NonNullable<TracedBlock['event']>,
    found: (sighting: Sighting) => void,
    block: TracedBlock
  ) => void
) {
  return onStream((found) => ({
    blocks,
    block: (block) => look(block.event!, found, block)
  }));
}

/** An exception takes 10 µs, thirty times as long as to parse a small event: most of what is no JSON is told by its ends. */
function mayBeJson(text: string): boolean {
  let start = 0;
  let end = text.length - 1;
  while (isWhiteSpace(text.charCodeAt(start))) start++;
  while (isWhiteSpace(text.charCodeAt(end))) end--;
  const last = text.charCodeAt(end);
  switch (text.charAt(start)) {
    case '{':
      return last === 125;
    case '[':
      return last === 93;
    case '"':
      return last === 34 && end > start;
    case 't':
    case 'f':
    case 'n':
      return /^(true|false|null)$/.test(text.slice(start, end + 1));
    default:
      return last > 47 && last < 58 && /^-?\d[\d.eE+-]*$/.test(text.slice(start, end + 1));
  }
}

/** Of JSON. */
function isWhiteSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

export function parseJson(text: string): unknown {
  if (!mayBeJson(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Events that begin and end as JSON and are none, as code or a log: then no more are tried, since each takes an exception. */
const enoughOthers = 100;

/** Whether a line feed stands within a string, or between what can be two halves of a number or a word: in no JSON does it, and by no other can JSON be broken. */
function isCut(data: string): boolean {
  let inString = false;
  let last = 0;
  for (let index = 0; index < data.length; index++) {
    const code = data.charCodeAt(index);
    if (code === 10) {
      if (inString) return true;
      while (data.charCodeAt(index + 1) === 10) index++;
      if (isOfWord(last) && isOfWord(data.charCodeAt(index + 1))) return true;
      continue;
    }
    if (code === 34) inString = !inString;
    else if (code === 92 && inString && data.charCodeAt(++index) === 10) return true;
    last = code;
  }
  return false;
}

/** For `[A-Za-z0-9+.-]`. */
function isOfWord(code: number): boolean {
  return (
    (code > 47 && code < 58) ||
    (code > 64 && code < 91) ||
    (code > 96 && code < 123) ||
    code === 43 ||
    code === 45 ||
    code === 46
  );
}

/** What the events say. */
export const events: Rule[] = [
  rule(
    ['F06', 'literal-backslash-n', 'W A'],
    'All data ends with a backslash and an n',
    interpretation,
    'Write real line feeds (in many languages: double quotes, not single ones).',
    onStream((found) => {
      let first: TracedBlock | undefined;
      let isAll = true;
      return {
        block(block) {
          if (block.event!.data.endsWith('\\n')) first ??= block;
          else isAll = false;
          return isAll ? undefined : 'enough';
        },
        end() {
          if (first && isAll) {
            const { data } = first.event!;
            found({
              message: () => `The data ends with the two characters \\n: ${quote(data.slice(-40))}`,
              ...atBlock(first, data.slice(-48))
            });
          }
          return undefined;
        }
      };
    })
  ),
  rule(
    ['F17', 'empty-data-event', 'I C'],
    'An event whose data is empty',
    interpretation,
    'It is dispatched with the data "": a listener that parses JSON throws.',
    onStream((found, { profile }) => ({
      blocks: {
        opening: [''],
        only: (_, { type }) => profile !== 'graphql-sse' || type !== 'complete'
      },
      block(block) {
        // What the protocol has so: D07.
        if (profile === 'mcp' && isPriming(block)) return undefined;
        found({ message: 'An event with empty data is dispatched', ...atBlock(block) });
        return 'counts';
      },
      again: (times) => found({ message: '', times })
    }))
  ),
  rule(
    ['F18', 'event-name-reserved', 'W C'],
    'An event type that EventSource itself uses',
    interpretation,
    'Name it otherwise (app-error): listeners for connection errors and for opening hear it.',
    onStream((found, { profile }) => ({
      blocks: { type: ['error', 'open'] },
      block(block) {
        // No EventSource reads them, and their protocols have such events: D05.
        if (profile === 'openai' || profile === 'anthropic') return;
        const { type } = block.event!;
        found({
          message: () => `An event of type "${type}" calls on${type} while the connection is open`,
          ...atBlock(block, `event: ${type}`)
        });
      }
    }))
  ),
  rule(
    ['F19', 'event-message', 'I N'],
    'The type "message" is written out',
    interpretation,
    'It is the default: leave it out.',
    onStream((found) => ({
      branches: ['event'],
      looksLike: (text) => fieldValue(text) === 'message',
      line(line) {
        found({ message: '"event: message" is the default', ...at(line) });
        return 'counts';
      },
      again: (times) => found({ message: '', times })
    }))
  ),
  rule(
    ['F20', 'event-unlistened', 'I A'],
    'A type that nobody listens to',
    interpretation,
    'Add a listener, or leave the event out.',
    onStream((found, { expectTypes }) =>
      expectTypes
        ? {
            block(block) {
              if (expectTypes.includes(decodeUtf8(block.event!.type))) return;
              found({
                message: () => `The type ${quote(block.event!.type)} is not in --expect-types`,
                ...atBlock(block)
              });
            }
          }
        : { end: () => notApplicable('no --expect-types was given') }
    )
  ),
  rule(
    ['F21', 'object-object', 'E A'],
    'Data is "[object Object]" or the like',
    interpretation,
    'Serialize it: JSON.stringify, in Python json.dumps and decode.',
    onEvent(
      { opening: ['[', '{', ...'abcdefghijklmnopqrstuvwxyz'], only: mayBeRepr },
      ({ data }, found, block) => {
        if (pythonRepr.test(data)) {
          found({ message: `The data is ${quote(data)}: Python's repr, and no JSON`, ...atBlock(block) });
          return;
        }
        if (javaScriptName.test(data) || javaName.test(data)) {
          found({ message: `The data is ${quote(data)}: an object was made a string`, ...atBlock(block) });
        }
      }
    )
  ),
  rule(
    ['F22', 'undefined-data', 'W A'],
    'A value is "undefined" or "NaN"',
    interpretation,
    'Look at what is sent: a value was missing.',
    onStream((found) => {
      const others: { type: string; isStructured: boolean }[] = [];
      let waiting: TracedBlock[] | undefined = [];
      let events = 0;
      const tell = (block: TracedBlock) => {
        const { type, data } = block.event!;
        const same = others.filter((other) => other.type === type);
        const compared = same.length > 0 ? same : others;
        const structured = compared.filter((other) => other.isStructured).length;
        found({
          message: () => `The data is ${quote(data)}`,
          // A log, a model or a person may say so.
          ...(structured * 2 <= compared.length && compared.length > 0 && { severity: 'information' }),
          ...atBlock(block)
        });
      };
      const tellAll = () => {
        waiting?.forEach(tell);
        waiting = undefined;
      };
      return {
        branches: ['event', 'id'],
        odd: true,
        looksLike: (text) => missingValues.has(fieldValue(text)),
        line(line) {
          found({ message: `A value is missing: ${quote(line.text)}`, ...at(line) });
        },
        blocks: {
          opening: ['u', 'N'],
          sample: true,
          only: (data) => missingData.has(data)
        },
        block(block) {
          const { type, data } = block.event!;
          if (!missingData.has(data)) {
            if (data !== '') others.push({ type, isStructured: isStructured(data) });
          } else if (waiting) waiting.push(block);
          else tell(block);
          if (++events === sampled) tellAll();
        },
        end: () => void tellAll()
      };
    })
  ),
  rule(
    ['F23', 'double-json', 'W A'],
    'JSON within a JSON string',
    interpretation,
    'Serialize once.',
    onStream((found) => {
      // Tokens of a text come as JSON strings too, and one of them may look like JSON.
      let first: TracedBlock | undefined;
      let doubles = 0;
      let others = 0;
      return {
        blocks: { opening: ['"'], only: (data) => others === 0 && data.length <= megabyte },
        block(block) {
          const { data } = block.event!;
          const text = /^"\s*[{[]/.test(data) ? parseJson(decodeUtf8(data)) : undefined;
          if (typeof text === 'string' && typeof parseJson(text) === 'object') {
            first ??= block;
            doubles++;
          } else others++;
        },
        end() {
          if (first && doubles > 1 && others === 0) {
            const { data } = first.event!;
            found({
              message: () => `The data is a JSON string that holds JSON: ${quote(data)}`,
              ...atBlock(first)
            });
          }
          return undefined;
        }
      };
    })
  ),
  rule(
    ['F24', 'json-multiline-broken', 'W A'],
    'JSON is broken by the line feeds between its data lines',
    interpretation,
    'Send JSON in one data line: a line feed within a string makes it invalid.',
    onStream((found) => {
      let others = 0;
      let isLeftOut = false;
      return {
        blocks: {
          opening: ['{', '[', '"', ' ', '\t', '\n'],
          only(data, { dataLines }) {
            if (dataLines < 2 || data.length > megabyte) return false;
            if (others < enoughOthers) return isCut(data);
            isLeftOut = true;
            return false;
          }
        },
        block(block) {
          const { data } = block.event!;
          if (!/^\s*[{["]/.test(data)) return;
          if (parseJson(decodeUtf8(data).replaceAll('\n', '')) === undefined) others++;
          else
            found({
              message: () =>
                `${block.dataLines} data lines are JSON only without the line feeds between them`,
              ...atBlock(block)
            });
        },
        end: () =>
          isLeftOut
            ? notObserved(`JSON among the first ${enoughOthers} events in several lines that look like it`)
            : undefined
      };
    })
  ),
  rule(
    ['F25', 'event-too-large', 'W A'],
    'A large event',
    'limits of 64 KiB to 1 MiB are common in client libraries and proxies',
    'Send large contents by another request, and its URL in the event.',
    onEvent({ longerThan: 64 * 1024 }, ({ data }, found, block) => {
      found({
        message: () => `The data has ${data.length} bytes`,
        ...(data.length > megabyte && { severity: 'error' as const }),
        ...atBlock(block)
      });
    })
  ),
  rule(
    ['F26', 'line-unbounded', 'E S'],
    'A line or a block that is too long to be read',
    'memory of clients, which have to keep an unfinished event whole',
    'Cap what one line and one event may hold.',
    onStream((found) => ({
      end({ trace: { overflow } }) {
        if (overflow) {
          found({
            message: `A ${overflow.what}: what follows was not read`,
            offset: overflow.offset,
            line: overflow.line
          });
        }
        return undefined;
      }
    }))
  ),
  rule(
    ['F29', 'dropped-empty', 'I A'],
    'The library drops an event with empty data',
    interpretation,
    'Send a space, or null as JSON.',
    {
      undecided: 'what the server meant to send and did not is nowhere on the wire'
    }
  )
];
