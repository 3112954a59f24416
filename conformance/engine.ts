import type { Feature, Section } from './case.ts';
import type { Job, Observation } from './observation.ts';
import type { GlobalKind } from './report.ts';

/** One start of an engine: everything it needs to pull its jobs and hand in what it saw. */
export interface Task {
  /** `http://host:port/run/<session>/`, the page that pulls jobs; the first of the server's origins. */
  url: string;
  /** That page for each further session. */
  furtherUrls?: string[];
  /** Origins of the fixtures server. */
  origins: string[];
  /** `native`, `truesource-fetch`, `truesource-xhr`, or the file: URL of a script or module, with the name of its export, if given, as fragment. */
  implementation: string;
  /** See `bundle` of Implementation. */
  bundle?: string;
  /** How many jobs may run at a time in a session. */
  lanes: number;
  /** What is still to be run, for engines that list their tests beforehand. */
  plays: { id: string; section: Section; title: string }[];
  /** The package as built. */
  dist: string;
  /** Names, besides those that the system knows, that have to lead to 127.0.0.1. */
  hosts?: string[];
  /** For engines in this process: takes the next job, as from a page of `origin`; null if none is left. */
  take(origin: string): Job | null;
  /** For engines in this process: hands in what a job showed. */
  handIn(play: string, observation: Observation): void;
  /** For engines in this process: a job that cannot be observed, and why. */
  decline(play: string, why: string): void;
  /** For engines in this process: a job that was taken and not begun, and is to be taken again. */
  putBack(play: string): void;
  /** For engines in this process: what the report has to say of the column. */
  remark(text: string): void;
  /** For engines in this process: lets a job's requests wait until what it returns is called. */
  hold(play: string): () => void;
  /** For engines in this process: ends the attempt for a reason that another start will not change. */
  breakDown(reason: string): void;
  /** For engines with a judge of their own: says what it made of a play, to be compared with our verdict. */
  confirm(play: string, passed: boolean): void;
}

/** The part of a task for an engine that is only to open a page. */
export const noJobs: Pick<
  Task,
  'plays' | 'take' | 'handIn' | 'decline' | 'putBack' | 'remark' | 'hold' | 'breakDown' | 'confirm'
> = {
  plays: [],
  take: () => null,
  handIn() {},
  decline() {},
  putBack() {},
  remark() {},
  hold: () => () => {},
  breakDown() {},
  confirm() {}
};

export interface RunningEngine {
  /** Fulfils when the engine has ended by itself, with what it left to say. */
  ended: Promise<string>;
  /** Ends everything that was started, and removes its files. */
  stop(): Promise<void>;
  /** Takes what was posted to a path below `url` + "own/", without it. */
  receive?(path: string, body: string): void;
}

export interface Engine {
  name: string;
  /** Of what it is reached by, if that is elsewhere. */
  address?: string;
  /** Implementations that run in it unless others are named. */
  implementations: string[];
  /** Whether it is an implementation itself, and can load no other. */
  isImplementation?: boolean;
  /** What an implementation finds there, see `features` of case.ts. */
  features(implementation: string): Feature[];
  /** How many jobs run at a time in a session. */
  lanes: number;
  /** True if it is one place, such as the page of a visit or an endpoint with room for one session: its columns run one after another, and beside no other. */
  isOnePlace?: true;
  /** How many sessions share the cases out. Default: one. */
  sessions?: number;
  /** Why a failure there may say nothing of the implementation: it is run again, and counts if it fails each time. */
  unsteady?: string;
  /** Whether it is stopped for a while, as a page in the background is: it then gets no jobs, and its time does not count. */
  isAsleep?(): boolean;
  /** True if it judges with a test harness of its own and calls `confirm`. */
  confirms?: boolean;
  /** Kinds of worker in which it can run the cases, besides its window. Default: none. */
  workers?: GlobalKind[];
  /** Where it can run the upstream tests; missing if it cannot. */
  globals?(implementation: string): GlobalKind[];
  /** Its version, or how to get it. What it holds from then on for `open` is given back by `close`. */
  find(): Promise<{ version: string } | { missing: string }>;
  close?(): Promise<void>;
  open(task: Task): RunningEngine;
}
