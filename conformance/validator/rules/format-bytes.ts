import { at, notObserved, onLine, onStream, quote, rule, type Rule } from '../rule.ts';
import { excerptAround } from '../latin1.ts';
import { byteOrderMark, onUnknownField } from './format-lines.ts';
import { standard } from './sources.ts';

const { parsing } = standard;

/** How the stream is encoded, and how its lines end. */
export const bytes: Rule[] = [
  rule(
    ['F07', 'bom-later', 'W C'],
    'A byte order mark other than the leading one',
    parsing,
    'Send no byte order mark: encode as UTF-8 without one, also in the parts that are put together.',
    onUnknownField('byte order mark', (line, found) => {
      found({
        message: () =>
          `A byte order mark begins the line ${quote(line.text)}: its field name is unknown, and the line ignored`,
        ...at(line)
      });
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
      (text) => text.includes('\0'),
      true
    )
  )
];
