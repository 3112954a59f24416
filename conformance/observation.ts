/** What one listener call saw. The three booleans compare with the source under test. */
export interface ObservedEvent {
  type: string;
  /** Cut at a limit; dataLength has the true length in UTF-16 code units. Absent on events that have no data. */
  data?: unknown;
  dataLength?: number;
  lastEventId?: unknown;
  origin?: unknown;
  /** A number, or what else the source says. */
  readyState?: unknown;
  /** Absent where it cannot be told: ES5 calls what a script has made an Object. */
  kind?: string;
  target: boolean;
  currentTarget: boolean;
  eventPhase: number;
  bubbles: boolean;
  cancelable: boolean;
  /** Absent in old engines. */
  isTrusted?: boolean;
  /** Milliseconds since construction, from the engine's clock. */
  at: number;
}

/** What a test service said of an event that its client got. */
export interface ReportedEvent {
  type: string;
  /** Cut at a limit, as in ObservedEvent. */
  data: string;
  dataLength?: number;
  /** Empty also where the service says nothing of it. */
  lastEventId: string;
  at: number;
}

/** What the probe saw in one run of one case. */
export interface Observation {
  /** Set when the constructor (or the script) threw. */
  threw?: { name: string; message: string; code?: number };
  /** Right after construction. */
  url?: unknown;
  withCredentials?: unknown;
  events: ObservedEvent[];
  log: unknown[];
  /** What the script found missing in the engine: nothing else then says anything. */
  lacks?: string;
  /** In place of `events` and of all else but requests, where a test service tells no more. */
  reported?: ReportedEvent[];
  /** When the case was over: a number, or what else the source says; null without a source. */
  readyState?: unknown;
  /** Which rule ended it. */
  over: 'until' | 'limit' | 'threw';
  /** Milliseconds since construction. */
  at: number;
}

/** One run of a case as the engine gets it: everything resolved, nothing of what is expected. */
export interface Job {
  /** Case id, and after an @ the chunking. */
  id: string;
  url: string;
  origin: string;
  otherUrl: string;
  otherOrigin: string;
  client: import('./case.ts').ClientScript;
  until: { event: string; nth: number; settle: number } | null;
  limit: number;
}
