/** What the page and the server that runs the suite for it tell each other, as JSON. */

/** A case, as the page lists it. */
export interface ListedCase {
  id: string;
  section: string;
  title: string;
  level: string;
}

/** What there is to be run with these globs (`?case=`). */
export interface Catalogue {
  cases: ListedCase[];
  /** Cases in all. */
  total: number;
  /** Outcomes, in the order of a legend, with the sign for each and the words that explain it. */
  outcomes: [outcome: string, shown: { sign: string; words: string }][];
  /** What may be to be known besides, likewise. */
  remarks: [remark: string, shown: { sign: string; words: string }][];
}

/** POST /visits: begins a run in the browser that asks. */
export interface NewVisit {
  implementations: string[];
  cases: string[];
}

export interface Visit {
  id: string;
  /** Shows that a page is the one that runs the cases. */
  key: string;
}

/** POST /visits/<id>/look: what happened since. */
export interface Look {
  /** How many results the page has. */
  from: number;
  /** Of the page that runs the cases; others only look on. */
  key?: string;
  /** Whether its browser slows it down, because nobody sees it. */
  hidden: boolean;
  /** Whether the page has been opened, or loaded again, since the look before. */
  isOpened?: boolean;
}

export interface VisitState {
  /** Name and version of the browser. */
  browser: string;
  /** The globs of its cases. */
  cases: string[];
  columns: { implementation: string; done: number; total: number; state: string; note?: string }[];
  /** Index of the case, index of the column, outcome, whether truesource was not expected to do so, and its remarks. */
  results: [case_: number, column: number, outcome: string, unexpected: boolean, remarks: string[]][];
  /** ms */
  elapsed: number;
  /** Case ids, with their chunking, that have been under way longest. */
  waitingFor: string[];
  /** `waiting`: the page that runs the cases is in the background, or gone. */
  state: 'running' | 'waiting' | 'done' | 'stopped';
  /** The address that the page is to show in a frame; null if none. */
  frame: string | null;
  /** Of the page that runs the cases, told to it alone: another of the same browser takes the place of one that is gone. */
  key?: string;
}

/** GET /visits/<id>/result?case=<index>&column=<index> */
export interface ShownResult {
  title: string;
  clause: string;
  clauseUrl?: string;
  level: string;
  outcome: string;
  words: string;
  why?: string;
  /** Reason of an expected failure. */
  reason?: string;
  /** That a run was flaky, run again, or leaked. */
  remarks: string[];
  /** How the bytes were cut, worst first. */
  runs: {
    chunking: string;
    verdict: string;
    differences: { what: string; expected: string; observed: string }[];
  }[];
  /** Of the first of the runs. Times in ms since its first request. */
  requests: {
    line: string;
    origin: string;
    headers: [name: string, value: string][];
    at: number;
    /** One character per byte. */
    writes: { at: number; bytes: string; length: number }[];
    endedAt: number | null;
    closedAt: number | null;
  }[];
  /** Each observed event, and what else was observed. */
  events: Record<string, unknown>[];
  observed: Record<string, unknown>;
  /** The case as it is in its file. */
  source: string;
}
