import type { Case } from '../case.ts';
import type { Run } from '../report.ts';

/** Characters of one write: cases of much data are known by their beginning. */
const writeLimit = 1000;

/** What went over the wire in one run, the bytes as latin1, and the script of the case, line by line: what was observed means nothing without. */
export function describeExchange({ client }: Case, { requests = [] }: Run): string[] {
  const script = client?.script ?? [];
  return [
    ...requests.flatMap(({ method, target, headers, writes }) => [
      `request: ${method} ${target} ${JSON.stringify(headers)}`,
      ...writes.map(({ bytes, length }) =>
        length <= writeLimit
          ? `sent: ${JSON.stringify(bytes)}`
          : `sent: ${JSON.stringify(bytes.slice(0, writeLimit))} and so on, ${length} bytes`
      )
    ]),
    ...(typeof script === 'string' ? script.split('\n') : script).map((line) => `script: ${line}`)
  ];
}
