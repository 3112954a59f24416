import {
  at,
  atBlock,
  notApplicable,
  notObserved,
  ok,
  onStream,
  plural,
  quote,
  rule,
  type Evidence,
  type Judge,
  type Sighting,
  type StreamEnd,
  type Rule,
  type Verdict
} from '../rule.ts';
import type { TracedBlock, TracedLine, UnfinishedBlock } from '../trace-observer.ts';
import { standard } from './sources.ts';

const { parsing, interpretation } = standard;

const fields = ['data', 'event', 'id', 'retry'];

/** Names of heartbeats in use. */
export const heartbeatName = /^(ping|pong|heartbeat|heart-beat|keepalive|keep-alive|keep_alive|noop)$/i;

function fieldName(line: string): string {
  const colon = line.indexOf(':');
  return colon < 0 ? line : line.slice(0, colon);
}

export const byteOrderMark = '\xef\xbb\xbf';

/**
 * What a line is that is no field that the standard knows: one whose author meant a field, and misspelt it; content, as JSON, markup, or words;
 * or a plain name and a colon, which may be a field of someone's own.
 */
type UnknownField = 'misspelt' | 'byte order mark' | 'content' | 'of its own';

/** Several rules ask of one line; and with a colon all lines of one name are alike. */
let lastLine = '';
let lastName: string | undefined;
let lastKind: UnknownField = 'content';

function kindOf(line: string): UnknownField {
  if (line === lastLine || (lastName && line.startsWith(lastName))) return lastKind;
  const name = fieldName(line);
  const isKnown = fields.includes(name.trim().toLowerCase());
  const hasColon = name !== line;
  lastLine = line;
  lastName = hasColon ? `${name}:` : undefined;
  if (isKnown && !fields.includes(name) && hasColon) lastKind = 'misspelt';
  else if (line.startsWith(byteOrderMark)) lastKind = 'byte order mark';
  else lastKind = isName(name) && hasColon ? 'of its own' : 'content';
  return lastKind;
}

function isName(text: string): boolean {
  return /^[A-Za-z][\w.-]*$/.test(text);
}

/** One word and no colon: a field without a value would be a rare thing to send. */
function isBare(line: string): boolean {
  return isName(line);
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

/** A rule on such lines that are no field that the standard knows. */
export function onUnknownField(
  kind: UnknownField,
  look: (line: TracedLine, found: (sighting: Sighting) => void, block: UnfinishedBlock) => void
): Judge {
  return onStream((found) => ({
    branches: ['unknown field'],
    looksLike: (text) => kindOf(text) === kind,
    line: (line, block) => look(line, found, block),
    end(stream) {
      const line = unknownAtTheEnd(stream);
      if (line && kindOf(line.text) === kind) look(line, found, stream.trace.pending!.block);
      return undefined;
    }
  }));
}

/** Whether a stream of which not one event came is wrong: one block may be all that was due. */
function hasOnlyFailed({ trace, ended }: StreamEnd): boolean {
  return trace.events === 0 && (ended || trace.blocks > 1);
}

function noEventIn({ trace: { blocks } }: StreamEnd): string {
  return `No event in ${plural(blocks, 'block')}`;
}

/** How bad it is that a line of content is ignored. */
function severityOf(line: string): Pick<Evidence, 'severity'> {
  return looksBlank(line) ? { severity: 'information' } : isBare(line) ? { severity: 'warning' } : {};
}

/** Of so many events it can be told whether they are tokens. */
const sampledEvents = 100;
/** The data line of a token: it has a space before it or none, and none within. */
const token = /^data: ?[^\s{["<][^ ]{0,39}$/;

/** The events of one type: how many, the tokens among them with a space and without one, and how often one kind came after the other. */
interface Spaces {
  events: number;
  tokens: number;
  spaced: Map<string, TracedLine>;
  unspaced: Map<string, TracedLine>;
  last: Map<string, TracedLine> | undefined;
  changes: number;
}

function countSpaces(spaces: Spaces, line: TracedLine | undefined): void {
  spaces.events++;
  if (!line || !token.test(line.text)) return;
  spaces.tokens++;
  const kind = line.text.charCodeAt(5) === 32 ? spaces.spaced : spaces.unspaced;
  if (!kind.has(line.text)) kind.set(line.text, line);
  if (spaces.last && spaces.last !== kind) spaces.changes++;
  spaces.last = kind;
}

/** Whether these are tokens of a text that changes, some of which begin with a space of their own, and others go on with a word or end it. */
function loseSpaces({ events, tokens, spaced, unspaced, changes }: Spaces): boolean {
  const goingOn = [...unspaced.keys()].filter((text) => /^data:[a-z\x80-\xff.,!?;:')-]/.test(text));
  return (
    tokens * 2 > events &&
    (spaced.size + unspaced.size) * 4 > tokens &&
    spaced.size >= 3 &&
    unspaced.size >= 3 &&
    goingOn.length >= 2 &&
    changes >= 4
  );
}

/** How lines become fields, and blocks events. */
export const lines: Rule[] = [
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
    onStream((found) => {
      let looksEnded = false;
      return {
        branches: ['unknown field'],
        looksLike: looksBlank,
        line() {
          looksEnded = true;
        },
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
                `No message was delivered: ${block.dataLines} data lines in ${Math.round(time)} ms, and no blank line${looksEnded ? ': what looks so has spaces or tabs' : first.text.endsWith('\\n') ? ': the lines end with the two characters \\n' : ''}`,
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
      };
    })
  ),
  rule(
    ['F03', 'missing-data-prefix', 'E C'],
    'A line is content without a field name',
    interpretation,
    'Begin each line of a payload with "data: ", and padding with a colon.',
    onUnknownField('content', (line, found, block) => {
      if (block.dataLines > 0) return;
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
    onUnknownField('content', (line, found, block) => {
      if (block.dataLines === 0) return;
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
    onUnknownField('misspelt', (line, found) => {
      found({
        message: () => `The field name ${quote(fieldName(line.text))} is unknown, and the line ignored`,
        ...at(line)
      });
    })
  ),
  rule(
    ['F13', 'no-space-after-colon', 'I A'],
    'No space after the colon',
    interpretation,
    'Write "data: x": without, it is legal, but a value loses a space that it begins with, and clients that look for the space exist.',
    onStream((found) => {
      const ofTypes = new Map<string, Spaces>();
      let events = 0;
      let last: TracedLine | undefined;
      let told = 1;
      const judge = () => {
        const lossy = [...ofTypes.values()].find(loseSpaces);
        if (!lossy) return;
        told = 2;
        const [spaced, unspaced] = [lossy.spaced, lossy.unspaced].map(
          (lines) => lines.values().next().value!
        );
        found({
          message: `Tokens run together: the space that ${quote(spaced!.text)} has is its own, and is taken away (others have none: ${quote(unspaced!.text)})`,
          severity: 'warning',
          ...at(spaced!)
        });
      };
      return {
        unspaced: (line) =>
          found({ message: `No space after the colon in ${quote(line.text)}`, ...at(line) }),
        branches: ['data'],
        line(line) {
          if (events === sampledEvents) return 'enough';
          last = line;
          return undefined;
        },
        block({ event, dataLines }) {
          const { type } = event!;
          const spaces = ofTypes.get(type) ?? {
            events: 0,
            tokens: 0,
            spaced: new Map(),
            unspaced: new Map(),
            last: undefined,
            changes: 0
          };
          ofTypes.set(type, spaces);
          countSpaces(spaces, dataLines === 1 ? last : undefined);
          if (++events < sampledEvents) return undefined;
          last = undefined;
          judge();
          return 'enough';
        },
        end({ trace: { unspaced } }) {
          if (events < sampledEvents) judge();
          if (unspaced > told) found({ message: '', times: unspaced - told });
          return undefined;
        }
      };
    })
  ),
  rule(
    ['F14', 'two-spaces', 'I N'],
    'Two spaces after the colon',
    interpretation,
    'One space is stripped, the second is part of the value.',
    onStream((found) => ({
      spaced: (line) =>
        found({ message: () => `The value of ${quote(line.text)} keeps a space`, ...at(line) }),
      end({ trace: { spaced } }) {
        if (spaced > 1) found({ message: '', times: spaced - 1 });
        return undefined;
      }
    }))
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
        blocks: { type: 'without data, next and new' },
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
          if (block.event && type) dispatched.add(type);
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
      return {
        blocks: { type: 'without data' },
        block(block) {
          // Without an event a sign of life is right: T14.
          if (!block.type || heartbeatName.test(block.type)) return;
          const place = atBlock(block, `event: ${block.type}`);
          first ??= place;
          found({
            message: () => `The block of type ${quote(block.type!)} has no data, and dispatches nothing`,
            ...place
          });
        },
        end(stream) {
          if (first && hasOnlyFailed(stream)) {
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
    ['F27', 'unknown-field', 'I C'],
    'A field that the standard does not know',
    interpretation,
    'It is ignored: write a comment (": text") for what is not for clients.',
    onStream((found) => {
      let first: TracedLine | undefined;
      const look = (line: TracedLine) => {
        first ??= line;
        found({ message: () => `The field ${quote(fieldName(line.text))} is ignored`, ...at(line) });
        return 'counts';
      };
      const looksLike = (text: string) => kindOf(text) === 'of its own';
      return {
        branches: ['unknown field'],
        looksLike,
        line: look,
        again: (times) => found({ message: '', times }),
        end(stream) {
          const last = unknownAtTheEnd(stream);
          if (last && looksLike(last.text)) look(last);
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
  )
];
