import type { Observation, ObservedEvent } from '../observation.ts';
import type { Difference, Run } from '../report.ts';
import { explainRemarks } from './outcome.ts';

export interface ViewedRequest {
  method: string;
  target: string;
  httpVersion: string;
  origin: string;
  connection: number | null;
  /** `length` only where the bytes were cut. */
  writes: { bytes: string; length?: number }[];
}

/**
 * A run, split so that what is the same in many runs is the same object, which `pack` writes once: the names that each run has of its own are
 * taken out of its texts, and its times out of its events and requests.
 */
export interface ViewedRun {
  chunking: string;
  verdict: string;
  differences: Difference[];
  why?: string | undefined;
  remarks: string[];
  observation?: (Omit<Observation, 'at' | 'events'> & { events: Omit<ObservedEvent, 'at'>[] }) | undefined;
  requests?: ViewedRequest[] | undefined;
  /** Of each request. */
  headers?: [name: string, value: string][][] | undefined;
  /** Hosts of the server; the n-th, from 0, stands where the texts have the character U+E001 + n. U+E000 stands for the path of the play. */
  hosts: string[];
  /**
   * Tenths of a ms as base 36, each from the one before, those that there are not as a dash: when the case was over and when each event came, from
   * construction; then from the arrival of the first request, of each: when it arrived, each write, its end, its close.
   */
  times: string;
}

/** A request as the page shows it. */
export interface ShownRequest extends ViewedRequest {
  at: number;
  headers: [name: string, value: string][];
  moments: { at: number; write?: ViewedRequest['writes'][number]; what?: string }[];
}

const firstMark = 0xe000;
/** Bytes of a write that the page keeps; report.json has more. */
const bytesShown = 4096;

/** Takes names and times out of a run. */
export function viewRun(run: Run): ViewedRun {
  const { observation, requests } = run;
  const start = requests?.[0]?.at ?? 0;
  const { chunking, verdict } = run;
  const view = {
    differences: run.differences,
    why: run.why,
    observation: observation && {
      ...observation,
      at: undefined,
      events: observation.events.map((event) => ({ ...event, at: undefined }))
    },
    requests: requests?.map(({ method, target, httpVersion, origin, connection, writes }) => ({
      method,
      target,
      httpVersion,
      origin,
      connection,
      writes: writes.map(({ bytes, length }) =>
        length === bytes.length && length <= bytesShown
          ? { bytes }
          : { bytes: bytes.slice(0, bytesShown), length }
      )
    })),
    headers: requests?.map(({ headers }) => headers)
  };
  const times = [
    ...encodeTimes(observation ? [observation.at, ...observation.events.map(({ at }) => at)] : []),
    ...encodeTimes(
      (requests ?? [])
        .flatMap(({ at, writes, endedAt, closedAt }) => [
          at,
          ...writes.map((write) => write.at),
          endedAt,
          closedAt
        ])
        .map((at) => (at === null ? null : at - start))
    )
  ].join(' ');
  return { chunking, verdict, remarks: explainRemarks(run), ...takeNamesOut(view, requests?.[0]), times };
}

function encodeTimes(times: (number | null)[]): string[] {
  let before = 0;
  return times.map((time) => {
    if (time === null) return '-';
    const tenths = Math.round(time * 10);
    const text = (tenths - before).toString(36);
    before = tenths;
    return text;
  });
}

/** Texts that have a mark already are left as they are. */
function takeNamesOut<Value>(
  value: Value,
  request: { play: string; token: string } | undefined
): Value & { hosts: string[] } {
  const text = JSON.stringify(value);
  if (!request || /[\ue000-\ue009]/.test(text)) return { ...value, hosts: [] };
  const hosts = [...new Set(text.match(/127\.0\.0\.1:\d+/g))].slice(0, 8);
  const names = [`${request.token}/${request.play}`, ...hosts];
  const replace = (item: unknown): unknown => {
    if (typeof item === 'string') {
      return names.reduce(
        (result, name, n) => result.replaceAll(name, String.fromCharCode(firstMark + n)),
        item
      );
    }
    if (Array.isArray(item)) return item.map(replace);
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, each]) => [key, replace(each)]));
  };
  return { ...(replace(value) as Value), hosts };
}

/** Puts names and times back. A part of the report's page (html-page.ts). */
export function expandRun(id: string, run: ViewedRun) {
  const play = run.chunking === 'as-written' ? id : `${id}@${run.chunking}`;
  const names = run.hosts.length ? [`{token}/${play}`, ...run.hosts] : [];
  const restore = (item: unknown): unknown => {
    if (typeof item === 'string') {
      return item.replace(/[\ue000-\ue009]/g, (mark) => names[mark.charCodeAt(0) - 0xe000] ?? mark);
    }
    if (Array.isArray(item)) return item.map(restore);
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, each]) => [key, restore(each)]));
  };
  const { observation, requests, headers, times, ...rest } = restore(run) as ViewedRun;
  const all = times.split(' ').filter(Boolean);
  let before = 0;
  const next = (): number | null => {
    const time = all.shift() ?? '-';
    return time === '-' ? null : (before += parseInt(time, 36)) / 10;
  };
  const over = observation ? next() : null;
  const events = observation?.events.map((event) => ({ at: next() as number, ...event }));
  before = 0;
  return {
    ...rest,
    observation: observation && { ...observation, at: over as number, events: events as object[] },
    requests: requests?.map((request, i): ShownRequest => {
      const at = next() as number;
      const moments: ShownRequest['moments'] = [
        ...request.writes.map((write) => ({ at: next(), write })),
        { at: next(), what: 'end' },
        { at: next(), what: 'closed' }
      ].filter((moment): moment is typeof moment & { at: number } => moment.at !== null);
      return { ...request, at, headers: headers?.[i] ?? [], moments };
    })
  };
}
