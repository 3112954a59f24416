import type { RequestRecord } from '../../fixtures-server/request-log.ts';
import type { Case, ExpectedEvent } from '../case.ts';
import type { ObservedEvent } from '../observation.ts';
import type { Cell, Report, Run } from '../report.ts';

const shownItems = 10;
const shownLength = 1000;

/**
 * What a report of a bug needs beside the clause, line by line: each response as it was sent, what the client did, what was expected, and what was
 * observed in each of the cells, which are of one case. Nothing in it is a time that differs from run to run, but in what was observed.
 */
export function describeEvidence(testCase: Case, cells: Cell[], report: Report): string[] {
  const exchanges = [...cells, ...report.cells.filter((cell) => cell.case === testCase.id)].flatMap(
    ({ runs }) => runs[0]?.requests ?? []
  );
  const { connections, repeat } = testCase;
  return [
    ...connections.flatMap((connection, i) => [
      `response ${i + 1}${repeat && i === connections.length - 1 ? ' and all after it' : ''}`,
      ...indent(describeResponse(connection, findHead(exchanges, i)))
    ]),
    'client',
    ...indent(describeClient(testCase)),
    'expected',
    ...indent(describeExpectation(testCase.expect)),
    ...cells.flatMap(({ engine, runs: [run] }) =>
      run ? [`observed in ${engine}, bytes ${run.chunking}`, ...indent(describeRun(run))] : []
    )
  ];
}

function describeResponse(
  { delay, head, stream = [], end = 'hang' }: Case['connections'][number],
  sent: string | undefined
): string[] {
  if (sent === undefined) return ['(nothing asked for it)'];
  return [
    ...(delay ? [`(${delay} ms)`] : []),
    ...(head ? head.map(describeItem) : sent.split('\r\n').slice(0, -1)),
    ...stream.map(describeItem),
    {
      hang: '(the connection stays open)',
      close: '(end of the body, and of the connection)',
      cut: '(end of the connection; the body is cut short)',
      reset: '(TCP reset)'
    }[end]
  ];
}

/** One write of the stream in the notation of the cases, or a pause. */
function describeItem(item: unknown): string {
  return typeof item === 'object' && item !== null && 'pause' in item
    ? `(${String(item.pause)} ms)`
    : shorten(JSON.stringify(item));
}

/** Up to and with its blank line, as some engine was sent it. */
function findHead(exchanges: RequestRecord[], connection: number): string | undefined {
  const request = exchanges.find((each) => each.connection === connection && each.writes.length > 0);
  const bytes = request?.writes.map((write) => write.bytes).join('');
  return bytes && (/^[^]*?\r\n\r\n/.exec(bytes)?.[0] ?? bytes);
}

function describeClient({ client = {}, until, limit }: Case): string[] {
  const { script, url = '{url}', init, listen = [], close } = client;
  const over = [
    ...(until ? [`over ${until.settle ?? 0} ms after event ${until.nth ?? 1} of type ${until.event}`] : []),
    ...(limit === undefined ? [] : [`over after ${limit} ms`])
  ];
  if (script !== undefined) return [...[script].flat().flatMap((line) => line.split('\n')), ...over];
  return [
    `new EventSource(${[url, ...(init === undefined ? [] : [init])].map((value) => JSON.stringify(value)).join(', ')})`,
    `listeners for ${['open', 'message', 'error', ...listen].join(', ')}`,
    ...(close === undefined ? [] : [`close(): ${typeof close === 'string' ? close : JSON.stringify(close)}`]),
    ...over
  ];
}

function describeExpectation({ events, requests, ...rest }: Case['expect']): string[] {
  return [
    ...(events ?? []).map((event, i) => `events[${i}]: ${describeEvent(event)}`),
    ...(requests ?? []).map((request, i) => `requests[${i}]: ${JSON.stringify(request)}`),
    ...Object.entries(rest).map(([name, value]) => `${name}: ${shorten(JSON.stringify(value))}`)
  ];
}

function describeRun({ differences, why, observation, requests = [] }: Run): string[] {
  const lines = differences.map(
    ({ what, expected, observed }) => `${what}: ${shorten(observed)}, expected ${shorten(expected)}`
  );
  if (!observation) return [...some(lines), `no answer: ${why ?? ''}`];
  const { events, threw, log, readyState } = observation;
  return [
    ...some(lines),
    'all of it:',
    ...indent([
      ...some(events.map((event, i) => `events[${i}]: ${describeEvent(event)}`)),
      ...some(requests.map((request, i) => `requests[${i}]: ${describeRequest(request)}`)),
      ...(log.length ? [`log: ${shorten(JSON.stringify(log))}`] : []),
      ...(threw ? [`threw: ${shorten(JSON.stringify(threw))}`] : []),
      ...(readyState === null ? [] : [`readyState: ${JSON.stringify(readyState)}`])
    ])
  ];
}

function describeEvent({ type, data, lastEventId, readyState }: ExpectedEvent | ObservedEvent): string {
  const members = JSON.stringify({ data, lastEventId, readyState });
  return `${type}${members === '{}' ? '' : ` ${shorten(members)}`}`;
}

function describeRequest({ method, target, headers }: RequestRecord): string {
  const told = headers.filter(([name]) =>
    /^(accept|cache-control|pragma|last-event-id|origin|cookie)$/i.test(name)
  );
  return [`${method} ${target}`, ...told.map(([name, value]) => `${name}: ${JSON.stringify(value)}`)].join(
    ', '
  );
}

function some(lines: string[]): string[] {
  const more = lines.length - shownItems;
  return more > 0 ? [...lines.slice(0, shownItems), `and ${more} more`] : lines;
}

function shorten(text: string): string {
  return text.length > shownLength ? `${text.slice(0, shownLength)}… (${text.length} characters)` : text;
}

function indent(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
