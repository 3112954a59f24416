import type { AsyncLocalStorage } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import { features as known } from './case.ts';
import type { Feature } from './case.ts';
import { createInProcessEngine } from './engines/in-process.ts';
import { loadCases } from './load-cases.ts';
import type { SectionedCase } from './load-cases.ts';
import type { Cell, Report } from './report.ts';
import { openVenue, run as runEngines } from './run.ts';
import { standard } from './standard.ts';
import { version } from './version.ts';

export interface InProcessOptions {
  /** Default: all. */
  cases?: SectionedCase[];
  /** What the environment has of `base-url`, `cross-origin`, `cookies`, `document`, `own-process` and `trusted-events`; cases that need another are `unsupported`. Default: none. */
  features?: Feature[];
  /** Called with each cell as soon as it is known. */
  onCell?(cell: Cell): void;
  /** Ends the run. */
  signal?: AbortSignal;
}

/** Every case of the suite, in the order of its sections. */
export const cases: SectionedCase[] = loadCases(fileURLToPath(new URL('cases', import.meta.url)));

/**
 * Runs the cases on a constructor in this process, with a server on free ports of 127.0.0.1 that it starts, and that ends with the process.
 * Rejects with the signal's reason if that ends it, and with an Error if the engine could not be run to its end.
 */
export function run(EventSource: unknown, options: InProcessOptions = {}): Promise<Report> {
  return runWithin(undefined, EventSource, options);
}

/** The same, where `current` holds the play whose client it is that something comes from. */
export async function runWithin(
  current: AsyncLocalStorage<string> | undefined,
  EventSource: unknown,
  options: InProcessOptions
): Promise<Report> {
  if (typeof EventSource !== 'function')
    throw new TypeError(`run needs a constructor, not ${String(EventSource)}`);
  const { cases: chosen = cases, features = [], onCell, signal } = options;
  if (!Array.isArray(chosen)) throw new TypeError(`cases must be an array, not ${String(chosen)}`);
  if (onCell !== undefined && typeof onCell !== 'function')
    throw new TypeError(`onCell must be a function, not ${String(onCell)}`);
  for (const feature of features) {
    if (!Object.hasOwn(known, feature))
      throw new TypeError(`features must be of ${Object.keys(known).join(', ')}, not ${feature}`);
  }
  const ids = new Set<string>();
  for (const { id } of chosen) {
    if (ids.has(id)) throw new TypeError(`two of the cases are ${id}`);
    ids.add(id);
  }
  const dist = fileURLToPath(new URL('.', import.meta.url));
  const venue = await openVenue(dist);
  const events = runEngines({
    engines: [createInProcessEngine(EventSource, features, current)],
    cases: chosen,
    expectedFailures: [],
    dist,
    venue,
    version,
    standard,
    ...(signal && { signal })
  });
  try {
    for (;;) {
      const { value, done } = await events.next();
      if (done) {
        const broken = value.columns.find(({ status }) => status !== 'ran');
        if (broken) throw new Error(`the run broke off: ${broken.note}`);
        return value;
      }
      if (value.type === 'cell') onCell?.(value.cell);
    }
  } finally {
    venue.server.retire();
  }
}
