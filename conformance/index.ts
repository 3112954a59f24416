export type { ConnectionScript, StreamItem } from '../fixtures-server/stream-script.ts';
export type { RequestRecord } from '../fixtures-server/request-log.ts';
export type {
  Case,
  ClientScript,
  Expectation,
  ExpectedEvent,
  ExpectedRequest,
  Feature,
  Section
} from './case.ts';
export type { SectionedCase } from './load-cases.ts';
export type { Observation, ObservedEvent } from './observation.ts';
export type { Cell, Column, Difference, Report, Run, Verdict } from './report.ts';
export { cases, run, type InProcessOptions } from './run-in-process.ts';
export { conformance } from './test-runners.ts';
