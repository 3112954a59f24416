import {
  at,
  atBlock,
  notApplicable,
  notObserved,
  ok,
  onLine,
  onStream,
  quote,
  rule,
  type Evidence,
  type Judge,
  type Sighting,
  type StreamEnd,
  type Rule,
  type Verdict
} from '../rule.ts';
import {
  decodeUtf8,
  excerptAround,
  fieldValue,
  type TracedBlock,
  type TracedLine,
  type UnfinishedBlock
} from '../trace.ts';
import { standard } from './sources.ts';

const { parsing, interpretation } = standard;
const megabyte = 1024 * 1024;

const fields = ['data', 'event', 'id', 'retry'];

/** Names of heartbeats in use. */
export const heartbeatName = /^(ping|pong|heartbeat|heart-beat|keepalive|keep-alive|keep_alive|noop)$/i;

function fieldName(line: string): string {
  const colon = line.indexOf(':');
  return colon < 0 ? line : line.slice(0, colon);
}

/** A line whose author meant a field, and misspelt it. */
function isMisspelt(line: string): boolean {
  const name = fieldName(line);
  return !fields.includes(name) && fields.includes(name.trim().toLowerCase()) && line.includes(':');
}

/** As a type, or an id. */
const missingValue = /^(event|id): ?(undefined|NaN|null|None|\[object Object\])$/;

const byteOrderMark = '\xef\xbb\xbf';

/** A line that is content: JSON, markup, or words. A plain name, with or without a colon, may be a field of someone's own. */
function isContent(line: string): boolean {
  return !isMisspelt(line) && !line.startsWith(byteOrderMark) && (isBare(line) || !mayBeField(line));
}

function mayBeField(line: string): boolean {
  return /^[A-Za-z][\w.-]*$/.test(fieldName(line));
}

/** One word and no colon: a field without a value would be a rare thing to send. */
function isBare(line: string): boolean {
  return !line.includes(':') && mayBeField(line);
}

/** Bytes, above which a line may need seconds to arrive. */
const largeLine = 0x10000;

/** White space alone, which whoever wrote it may take for a blank line. */
function looksBlank(line: string): boolean {
  return /^[ \t]+$/.test(line);
}

/** What has no line end at the end, if it can be no field that the standard knows, whatever would come of it. */
function unknownAtTheEnd({ trace, ended, at }: StreamEnd): TracedLine | undefined {
  const { unfinished: text = '', offset = 0 } = trace.pending ?? {};
  if (text === '' || text.startsWith(':') || fields.includes(fieldName(text))) return undefined;
  const mayBeMore = isBare(text) || looksBlank(text);
  if (mayBeMore && (!ended || fields.some((field) => field.startsWith(text)))) return undefined;
  return { branch: 'unknown field', text, offset, number: trace.lines + 1, at };
}

/** A rule on lines that are no field that the standard knows. */
function onUnknownField(
  look: (line: TracedLine, found: (sighting: Sighting) => void, block: UnfinishedBlock) => void
): Judge {
  return onStream((found) => ({
    branches: ['unknown field'],
    line: (line, block) => look(line, found, block),
    end(stream) {
      const line = unknownAtTheEnd(stream);
      if (line) look(line, found, stream.trace.pending!.block);
      return undefined;
    }
  }));
}

/** Whether a stream of which not one event came is wrong: one block may be all that was due. */
function hasOnlyFailed({ trace, ended }: StreamEnd): boolean {
  return trace.events === 0 && (ended || trace.blocks > 1);
}

function noEventIn({ trace: { blocks } }: StreamEnd): string {
  return `No event in ${blocks} ${blocks === 1 ? 'block' : 'blocks'}`;
}

/** How bad it is that a line of content is ignored. */
function severityOf(line: string): Pick<Evidence, 'severity'> {
  return looksBlank(line) ? { severity: 'information' } : isBare(line) ? { severity: 'warning' } : {};
}

/** Rules on each event that is dispatched, or only on those whose data begins so. */
function onEvent(
  opening: string[] | undefined,
  look: (
    event: NonNullable<TracedBlock['event']>,
    found: (sighting: Sighting) => void,
    block: TracedBlock
  ) => void
) {
  return onStream((found) => ({
    ...(opening && { blocks: { opening } }),
    block(block) {
      if (block.event) look(block.event, found, block);
    }
  }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const format: Rule[] = [
  rule(
    ['F01', 'eof-pending-block', 'E V'],
    'The stream ends within a block',
    parsing,
    'End each event with a blank line: two line feeds after its last field.',
    onStream((found) => ({
      end({ trace, ended, captured, at }): Verdict {
        if (!ended) return notObserved('the end of the stream');
        const { pending } = trace;
        if (!pending) return ok;
        const { block, unfinished } = pending;
        const isLost =
          block.dataLines > 0 ||
          block.type !== undefined ||
          block.id !== undefined ||
          /^(data|event|id)(:|$)/.test(unfinished);
        if (!isLost) return notApplicable('what is unfinished at the end says nothing');
        const shown = unfinished || trace.lastDataText || trace.lastText;
        const place = { at, offset: block.offset, line: block.line, excerpt: shown.slice(0, 48) };
        const what = trace.events === 0 ? 'No message will ever be delivered: the' : 'The last';
        found({
          message: `${what} block is not ended by a blank line when the stream ends, and clients drop it${captured ? ', if the capture was not cut' : ''} (its last data: ${quote(shown)})`,
          // A live stream that is captured is cut somewhere.
          ...(captured && { severity: 'warning' as const }),
          ...place
        });
        return ok;
      }
    }))
  ),
  rule(
    ['F02', 'never-blank', 'E V'],
    'Lines flow, and never a blank one',
    parsing,
    'End each event with a blank line: two line feeds after its last field.',
    onStream((found) => ({
      end({ trace, ended, at: endedAt }) {
        const { pending, lastRead, lastDataRead, bytes, lines, events } = trace;
        if (ended) return notApplicable('the stream has ended; F01 judges its end');
        // Where events came, it may be a large one.
        if (events > 0) return ok;
        if (!pending) return trace.blankLines > 0 ? ok : notObserved('lines');
        // In JSON a line feed is written so too: within a string, where no field follows.
        const [literal] =
          (lines === 0 &&
            !trace.overflow &&
            /^(data|event|id|retry|:).*?(\\n)+((data|event|id|retry):|(?<=\\n\\n)$)/.exec(
              pending.unfinished
            )) ||
          [];
        if (literal !== undefined) {
          found({
            message: `No message will be delivered: in ${bytes} bytes there is no line feed, but the two characters \\n: ${quote(literal)}`,
            at: endedAt,
            offset: 0,
            line: 1,
            excerpt: pending.unfinished.slice(0, 48)
          });
          return ok;
        }
        const { block, firstDataLine: first, unfinished, offset, firstRead } = pending;
        const time = first ? lastDataRead!.at - first.at : 0;
        if (first && time >= 1000) {
          found({
            message: () =>
              `No message will be delivered: ${block.dataLines} data lines in ${Math.round(time)} ms, and no blank line`,
            ...at(first)
          });
          return ok;
        }
        // Two pieces may be one line.
        const isGrowing = unfinished !== '' && !trace.overflow && lastRead!.number - firstRead.number > 1;
        const growth = lastRead!.at - firstRead.at;
        if (isGrowing && growth >= 1000) {
          found({
            message: () =>
              `No message is delivered: ${bytes - offset} bytes in ${Math.round(growth)} ms, and no line end: ${quote(unfinished)}`,
            // As a large event over a slow network.
            ...(bytes - offset > largeLine && { severity: 'warning' as const }),
            at: firstRead.at,
            offset,
            line: lines + 1,
            excerpt: unfinished.slice(0, 48)
          });
          return ok;
        }
        return trace.blankLines > 0 ? ok : notObserved('more than a second of lines without a blank one');
      }
    }))
  ),
  rule(
    ['F03', 'missing-data-prefix', 'E C'],
    'A line is content without a field name',
    interpretation,
    'Begin each line of a payload with "data: ", and padding with a colon.',
    onUnknownField((line, found, block) => {
      if (!isContent(line.text) || block.dataLines > 0) return;
      found({
        message: () =>
          `${looksBlank(line.text) ? `A line of ${line.text.length} spaces or tabs` : `The line ${quote(line.text)}`} is taken for an unknown field and ignored`,
        ...severityOf(line.text),
        ...at(line)
      });
    })
  ),
  rule(
    ['F04', 'multi-line-raw', 'E C'],
    'Only the first line of a payload has its "data:"',
    interpretation,
    'Split payloads at CRLF, LF and CR, and begin each line with "data: ". The line that ends an event is empty.',
    onUnknownField((line, found, block) => {
      if (!isContent(line.text) || block.dataLines === 0) return;
      found({
        message: () =>
          looksBlank(line.text)
            ? `The line ${quote(line.text)} after a data line looks blank and is not: the event is not ended`
            : `The line ${quote(line.text)} after a data line is ignored: it is in no event`,
        ...(isBare(line.text) && { severity: 'warning' as const }),
        ...at(line)
      });
    })
  ),
  rule(
    ['F05', 'field-name-space-or-case', 'E C'],
    'A field name has a space or a capital letter',
    interpretation,
    'Write data, event, id and retry exactly so, and the colon right behind.',
    onUnknownField((line, found) => {
      if (!isMisspelt(line.text)) return;
      found({
        message: () => `The field name ${quote(fieldName(line.text))} is unknown, and the line ignored`,
        ...at(line)
      });
    })
  ),
  rule(
    ['F06', 'literal-backslash-n', 'W A'],
    'All data ends with a backslash and an n',
    interpretation,
    'Write real line feeds (in many languages: double quotes, not single ones).',
    onStream((found) => {
      let first: TracedBlock | undefined;
      let others = 0;
      return {
        block(block) {
          if (!block.event) return;
          if (block.event.data.endsWith('\\n')) first ??= block;
          else others++;
        },
        end() {
          if (first && others === 0) {
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
    ['F07', 'bom-later', 'W C'],
    'A byte order mark other than the leading one',
    parsing,
    'Send no byte order mark: encode as UTF-8 without one, also in the parts that are put together.',
    onUnknownField((line, found) => {
      if (line.text.startsWith(byteOrderMark)) {
        found({
          message: () =>
            `A byte order mark begins the line ${quote(line.text)}: its field name is unknown, and the line ignored`,
          ...at(line)
        });
      }
    })
  ),
  rule(
    ['F08', 'bom-first', 'W A'],
    'The stream begins with a byte order mark',
    parsing,
    'Leave it out: the standard strips it; WebKitGTK (measured) and parsers of less care do not, and lose the first line.',
    onStream((found) => ({
      end({ trace }) {
        if (trace.bom)
          found({
            message: 'The stream begins with a byte order mark',
            offset: 0,
            line: 1,
            excerpt: byteOrderMark
          });
        return undefined;
      }
    }))
  ),
  rule(
    ['F09', 'invalid-utf8', 'E V'],
    'Bytes that are not UTF-8',
    parsing,
    'Encode the whole stream as UTF-8.',
    onStream((found) => ({
      utf8Fault(place) {
        found({
          message: () => `Not UTF-8: the page gets U+FFFD in its place, in ${quote(place.excerpt, 48)}`,
          ...place
        });
      }
    }))
  ),
  rule(
    ['F10', 'utf8-split-chunks', 'I N'],
    'A UTF-8 sequence is split over two reads',
    parsing,
    'Legal; clients that decode each chunk alone break: write whole events.',
    onStream((found, { captured }) => ({
      splitSequence(offset, at) {
        if (!captured) found({ message: 'The bytes of one character came in two reads', offset, at });
      },
      end: () => (captured ? notObserved('a live connection') : undefined)
    }))
  ),
  rule(
    ['F11', 'mixed-eol', 'I A'],
    'Lines end in different ways',
    parsing,
    'Use LF everywhere: some clients know one way only.',
    onStream((found) => ({
      end({ trace: { ends } }) {
        const used = (['LF', 'CRLF', 'CR'] as const).filter((end) => ends[end]);
        if (used.length < 2) return undefined;
        const rarest = used.reduce((a, b) => (ends[a]!.count < ends[b]!.count ? a : b));
        const { offset, line } = ends[rarest]!;
        found({
          message: () => `Lines end with ${used.map((end) => `${end} (${ends[end]!.count})`).join(', ')}`,
          offset,
          line
        });
        return undefined;
      }
    }))
  ),
  rule(
    ['F12', 'cr-only', 'W A'],
    'A lone CR ends a line',
    parsing,
    'Use LF: many clients know LF and CRLF only.',
    onStream((found) => ({
      end({ trace: { ends } }) {
        if (ends.CR) {
          found({
            message: `${ends.CR.count} ${ends.CR.count === 1 ? 'line ends' : 'lines end'} with a CR alone`,
            offset: ends.CR.offset,
            line: ends.CR.line
          });
        }
        return undefined;
      }
    }))
  ),
  rule(
    ['F13', 'no-space-after-colon', 'I A'],
    'No space after the colon',
    interpretation,
    'Legal; write "data: x": clients that look for the space exist.',
    onLine(
      ['data', 'event', 'id', 'retry'],
      (line, found) =>
        found({ message: () => `No space after the colon in ${quote(line.text)}`, ...at(line) }),
      (text) => {
        const colon = text.indexOf(':');
        return colon > 0 && colon + 1 < text.length && text.charCodeAt(colon + 1) !== 32;
      }
    )
  ),
  rule(
    ['F14', 'two-spaces', 'I N'],
    'Two spaces after the colon',
    interpretation,
    'One space is stripped, the second is part of the value.',
    onLine(
      ['data', 'event', 'id'],
      (line, found, block) => {
        if (line.branch === 'data' && block.dataLines > 1) return;
        found({ message: () => `The value of ${quote(line.text)} keeps a space`, ...at(line) });
      },
      (text) => text.charCodeAt(text.indexOf(':') + 2) === 32 && /^[a-z]+: {2}\S/.test(text)
    )
  ),
  rule(
    ['F15', 'data-after-blank-lost', 'W C'],
    'A blank line parts an event type from its data',
    interpretation,
    'Write event, id and data without a blank line between them.',
    onStream((found) => {
      let alone: TracedBlock | undefined;
      const dispatched = new Set<string>();
      return {
        block(block) {
          const { type } = block;
          if (
            alone &&
            block.event &&
            type === undefined &&
            alone.lastRead === block.firstRead &&
            alone.line + alone.lines + 1 === block.line &&
            !dispatched.has(alone.type!)
          ) {
            found({
              message: `The type ${quote(alone.type!)} stands in a block of its own: the data after the blank line arrives as "message"`,
              ...atBlock(alone, `event: ${alone.type}`)
            });
          }
          if (block.event && type && dispatched.size < 1000) dispatched.add(type);
          alone = type && !block.event && !heartbeatName.test(type) ? block : undefined;
        }
      };
    })
  ),
  rule(
    ['F16', 'event-without-data', 'I C'],
    'An event without data',
    interpretation,
    'Add a data line, else nothing is dispatched (its id still counts).',
    onStream((found) => {
      let first: Omit<Evidence, 'message'> | undefined;
      // Without an event a sign of life is right.
      let isMeant = false;
      return {
        blocks: { field: 'event' },
        block(block) {
          if (!block.type || block.event) return;
          const place = atBlock(block, `event: ${block.type}`);
          first ??= place;
          isMeant ||= !heartbeatName.test(block.type);
          found({
            message: () => `The block of type ${quote(block.type!)} has no data, and dispatches nothing`,
            ...place
          });
        },
        end(stream) {
          if (first && isMeant && hasOnlyFailed(stream)) {
            found({
              message: `${noEventIn(stream)}: those with a type have no data, and dispatch nothing`,
              severity: 'warning',
              ...first
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
    onEvent([''], ({ data }, found, block) => {
      if (data === '') found({ message: 'An event with empty data is dispatched', ...atBlock(block) });
    })
  ),
  rule(
    ['F18', 'event-name-reserved', 'W C'],
    'An event type that EventSource itself uses',
    interpretation,
    'Name it otherwise (app-error): listeners for connection errors and for opening hear it.',
    onStream((found) => ({
      blocks: { field: 'event' },
      block(block) {
        const type = block.event?.type;
        if (type === 'error' || type === 'open') {
          found({
            message: () => `An event of type "${type}" calls on${type} while the connection is open`,
            ...atBlock(block, `event: ${type}`)
          });
        }
      }
    }))
  ),
  rule(
    ['F19', 'event-message', 'I N'],
    'The type "message" is written out',
    interpretation,
    'It is the default: leave it out.',
    onLine(['event'], (line, found) => {
      if (fieldValue(line.text) === 'message') {
        found({ message: '"event: message" is the default', ...at(line) });
      }
    })
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
              if (!block.event || expectTypes.includes(decodeUtf8(block.event.type))) return;
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
    'Serialize it: JSON.stringify.',
    onEvent(['['], ({ data }, found, block) => {
      if (/^\[object [A-Z]\w{1,40}\](, ?\[object [A-Z]\w{1,40}\]){0,20}$/.test(data)) {
        found({ message: `The data is ${quote(data)}: an object was made a string`, ...atBlock(block) });
      }
    })
  ),
  rule(
    ['F22', 'undefined-data', 'W A'],
    'A value is "undefined" or "NaN"',
    interpretation,
    'Look at what is sent: a value was missing.',
    onStream((found) => ({
      branches: ['event', 'id'],
      looksLike: (text) => missingValue.test(text),
      line(line) {
        found({ message: `A value is missing: ${quote(line.text)}`, ...at(line) });
      },
      blocks: { opening: ['u', 'N'] },
      block(block) {
        const { data } = block.event!;
        if (data === 'undefined' || data === 'NaN') {
          found({ message: `The data is ${quote(data)}`, ...atBlock(block) });
        }
      }
    }))
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
        blocks: { opening: ['"'] },
        block(block) {
          const { data } = block.event!;
          if (others > 0 || data.length > megabyte) return;
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
    onEvent(['{', '[', '"', ' ', '\t', '\n'], ({ data }, found, block) => {
      if (block.dataLines < 2 || !/^\s*[{["]/.test(data) || data.length > megabyte) return;
      const text = decodeUtf8(data);
      if (parseJson(text) === undefined && parseJson(text.replaceAll('\n', '')) !== undefined) {
        found({
          message: () => `${block.dataLines} data lines are JSON only without the line feeds between them`,
          ...atBlock(block)
        });
      }
    })
  ),
  rule(
    ['F25', 'event-too-large', 'W A'],
    'A large event',
    'limits of 64 KiB to 1 MiB are common in client libraries and proxies',
    'Send large contents by another request, and its URL in the event.',
    onEvent(undefined, ({ data }, found, block) => {
      if (data.length <= 64 * 1024) return;
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
    ['F27', 'unknown-field', 'I C'],
    'A field that the standard does not know',
    interpretation,
    'It is ignored: write a comment (": text") for what is not for clients.',
    onStream((found) => {
      let first: TracedLine | undefined;
      const look = (line: TracedLine) => {
        if (isMisspelt(line.text) || isBare(line.text) || !mayBeField(line.text)) return;
        first ??= line;
        found({ message: () => `The field ${quote(fieldName(line.text))} is ignored`, ...at(line) });
      };
      return {
        branches: ['unknown field'],
        line: look,
        end(stream) {
          const last = unknownAtTheEnd(stream);
          if (last) look(last);
          if (first && hasOnlyFailed(stream)) {
            const name = fieldName(first.text);
            found({
              message: `${noEventIn(stream)}: the field ${quote(name)} is ignored`,
              severity: 'warning',
              ...at(first)
            });
          }
          return undefined;
        }
      };
    })
  ),
  rule(
    ['F28', 'nul-in-stream', 'W A'],
    'A NUL character in the data',
    parsing,
    'Legal, but tools and clients in C end there: leave it out.',
    onLine(
      ['data'],
      (line, found) => {
        const column = line.text.indexOf('\0');
        found({
          message: () => `U+0000 in ${quote(excerptAround(line.text, column))}`,
          ...at(line),
          offset: line.offset + column,
          excerpt: excerptAround(line.text, column)
        });
      },
      (text) => text.includes('\0')
    )
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
