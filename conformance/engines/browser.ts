import type { Engine, Task } from '../engine.ts';
import { inBrowsers } from '../ours.ts';
import type { GlobalKind } from '../report.ts';
import { inPages } from '../case.ts';
import type { Feature } from '../case.ts';
import { createTemporaryDirectory, removeTemporaryDirectory, startGroup } from '../processes.ts';
import { findExecutable, readVersion } from './executable.ts';

/** How a browser is found and started on one URL. */
export interface Browser {
  name: string;
  /** Names on the PATH, or paths. */
  executables: string[];
  /** Environment variable with the path of another executable. */
  variable: string;
  /** How to get it. */
  missing: string;
  /** Default: native, and truesource over fetch and over XHR. */
  implementations?: string[];
  /** How many jobs run at a time. Default 32. */
  lanes?: number;
  /** See `unsteady` of Engine. */
  unsteady?: string;
  /** What its environment lacks. */
  lacks?: Feature[];
  /** Kinds of worker in which it can run the cases. */
  workers?: GlobalKind[];
  /** Whether `start` leads `hosts` to 127.0.0.1, as the upstream tests need it. */
  mapsHosts?: boolean;
  /** Default: what `executable --version` prints. */
  readVersion?(executable: string): Promise<string | undefined>;
  /** `profile` is a fresh directory; may put files into it. `command` is the executable unless another one starts it; `isAsked` as for startGroup. `hosts` have to lead to 127.0.0.1. */
  start(
    url: string,
    profile: string,
    executable: string,
    hosts: string[]
  ): { command?: string; parameters: string[]; environment?: Record<string, string>; isAsked?: boolean };
}

/** An engine that is a browser: it opens the session's page, which has one frame per origin, 4 lanes each. */
export function createBrowserEngine(browser: Browser): Engine {
  let executable: string | undefined;
  return {
    name: browser.name,
    implementations: browser.implementations ?? inBrowsers,
    features: () => inPages.filter((one) => !browser.lacks?.includes(one)),
    ...(browser.unsteady !== undefined && { unsteady: browser.unsteady }),
    // Browsers keep 6 HTTP/1.1 connections per origin: 4 lanes leave room for handing in and for cross-origin cases of a neighbour.
    lanes: browser.lanes ?? 32,
    ...(browser.workers && { workers: browser.workers }),
    ...(browser.mapsHosts && { globals: () => ['window', ...(browser.workers ?? [])] }),
    async find() {
      executable = await findExecutable(browser.executables, process.env[browser.variable]);
      const version = executable && (await (browser.readVersion ?? readVersion)(executable));
      return version ? { version } : { missing: browser.missing };
    },
    open(task: Task) {
      const profile = createTemporaryDirectory();
      const found = executable ?? browser.executables[0]!;
      const { command, parameters, environment, isAsked } = browser.start(
        task.url,
        profile,
        found,
        task.hosts ?? []
      );
      const group = startGroup(command ?? found, parameters, {
        ...(isAsked && { isAsked }),
        environment: { HOME: profile, TMPDIR: profile, XDG_RUNTIME_DIR: profile, ...environment }
      });
      return {
        ended: group.ended,
        async stop() {
          await group.stop();
          removeTemporaryDirectory(profile);
        }
      };
    }
  };
}
