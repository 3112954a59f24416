import type { ClientView } from './clients.ts';
import type { Failure } from './recording.ts';
import { rankOf, type RuleVerdict } from './judging.ts';
import { hasEnded, isStreamHead, type Exchange } from './observe.ts';
import { howOften, plural, quote, type Finding, type Probe, type Severity } from './rule.ts';
import type { Trace } from './trace.ts';

export interface Result {
  /** The URL without its user and password, or the name of what was linted. */
  subject: string;
  /** One sentence. */
  headline: string;
  /** Why nothing could be judged. */
  failure?: Failure;
  /** By severity, then kind. */
  findings: Finding[];
  counts: Record<Severity, number>;
  /** Of every rule that was held against it. */
  verdicts: RuleVerdict[];
  /** Of the stream that was judged. */
  stream?: {
    bytes: number;
    lines: number;
    /** Those that hold more than comments and a `retry`. */
    blocks: number;
    events: number;
    comments: number;
    lastEventId: string;
    reconnectionTime?: number;
    ending: string;
  };
  /** What each family of clients makes of the stream that was seen. */
  clients: ClientView[];
  requests: {
    probe: Probe;
    method: string;
    url: string;
    status?: number;
    failure?: Failure;
    duration: number;
  }[];
  /** ms. */
  duration: number;
}

export function count(findings: Finding[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, information: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

export function describeStream(trace: Trace, ending: string): NonNullable<Result['stream']> {
  const { bytes, lines, blocks, events, comments, lastEventId, reconnectionTime } = trace;
  return {
    bytes,
    lines,
    blocks,
    events,
    comments,
    lastEventId,
    ...(reconnectionTime !== undefined && { reconnectionTime }),
    ending
  };
}

export function headlineOf(
  { findings, failure, stream, verdicts }: Result,
  plain?: Exchange,
  compressed?: Exchange
): string {
  if (failure) {
    const wasSent = plain !== undefined && !Number.isNaN(plain.sentAt);
    return `${wasSent ? 'No answer' : 'Could not connect'} (${failure.kind}): ${failure.message}.`;
  }
  const refused = findings.find(
    ({ rule, severity }) => severity === 'error' && /^(H01|H06|H07|H09|H16|H25|T17)$/.test(rule)
  );
  if (refused?.rule === 'H01') return 'No client that keeps the standard gets a stream.';
  if (refused) return 'No client gets a stream.';
  if (plain?.head?.status === 204) return 'The answer is 204: clients stop, and do not come back.';
  if (plain?.undecodable !== undefined && isStreamHead(plain.head))
    return `The stream was not judged: it is encoded as ${quote(plain.undecodable)}, which cannot be undone here.`;
  if (!stream) return 'There is no event stream.';
  const undelivered = findings.find(
    ({ rule, severity }) => rule === 'F01' || (rule === 'F02' && severity === 'error')
  );
  if (undelivered && stream.events === 0)
    return undelivered.rule === 'F01'
      ? `No message will ever be delivered${plain ? '' : ', if the capture was not cut'}: the block is not ended by a blank line.`
      : 'No message was delivered: there is no blank line.';
  if (plain?.decodingFault !== undefined && findings.some(({ rule }) => rule === 'T25'))
    return 'No message will ever be delivered: the body cannot be decoded.';
  if (stream.bytes === 0) {
    if (plain && /^(bad framing|cut|reset)$/.test(plain.ending!))
      return 'No message was delivered: the answer is broken off before its first byte.';
    return plain && !hasEnded(plain)
      ? `No byte of the stream came within ${((plain.endedAt - plain.sentAt) / 1000).toFixed(1)} s.`
      : 'The stream is empty.';
  }
  const { events, blocks, bytes } = stream;
  const isCut = findings.some(({ rule }) => rule === 'F26');
  const read = `${bytes} bytes${isCut ? ', as far as it was read' : ''}`;
  const some = `${plural(events, 'event')} in ${read}`;
  const errors = findings.filter(({ severity }) => severity === 'error');
  const areLost = errors.some(({ kinds }) => kinds.includes('violation') || kinds.includes('clients drop'));
  if (events === 0 && blocks > 0 && !areLost) return `No event in ${plural(blocks, 'block')} of ${read}.`;
  if (errors.length > 0 && errors.every(({ kinds }) => kinds[0] === 'security'))
    return `${some}; it is not secure.`;
  if (areLost) return `${some}; clients lose events, or the connection.`;
  if (errors.length > 0) return `${some}; clients or proxies in use break it.`;
  if (findings.some(({ rule, severity }) => rule === 'R21' && severity === 'warning')) {
    const time = stream.reconnectionTime;
    return `${some}; the stream ends at once, and each client asks again ${time === undefined ? 'every few seconds' : howOften(time)}.`;
  }
  if (findings.some(({ severity }) => severity === 'warning')) return `${some}; it works, with reservations.`;
  const isSilent =
    compressed && (!compressed.head || compressed.decoded !== undefined) && compressed.decodedBytes === 0;
  if (
    events > 0 &&
    isSilent &&
    verdicts.some(({ rule, verdict }) => rule === 'T04' && verdict === 'not observed')
  )
    return `${some}; compressed, nothing came in the time there was.`;
  return events === 0 ? `${some}; nothing is wrong with what was seen.` : `${some}; all is well.`;
}

/** Whether a finding is at or above this severity. */
export function isAtLeast(finding: Finding, severity: Severity): boolean {
  return rankOf(finding.severity) <= rankOf(severity);
}

/** Throws an Error that says each finding at or above this severity, or why there was no answer. For tests of servers. */
export function assertNoFindings(result: Result, failOn: Severity = 'error'): void {
  const { failure, findings, headline, subject } = result;
  const bad = findings.filter((finding) => isAtLeast(finding, failOn));
  if (!failure && bad.length === 0) return;
  const lines = bad.map(
    ({ rule, severity, message, probe, line, advice }) =>
      `${severity} ${rule}${line === undefined ? '' : ` in line ${line}`}${probe === undefined ? '' : ` of the answer to the probe ${probe}`}: ${message}. ${advice}`
  );
  const error = new Error([`${subject}: ${headline}`, ...lines].join('\n'));
  // What runs the tests shows the line of the test.
  Error.captureStackTrace(error, assertNoFindings);
  throw error;
}
