import type { Engine, Task } from '../engine.ts';
import { features } from '../case.ts';
import type { Feature } from '../case.ts';
import { createTemporaryDirectory, removeTemporaryDirectory, startGroup } from '../processes.ts';
import { findExecutable, readVersion } from './executable.ts';

/** How a browser is found and started on one URL. */
export interface Browser {
  name: string;
  executables: string[];
  /** Environment variable with the path of another executable. */
  variable: string;
  /** How to get it. */
  missing: string;
  /** `profile` is a fresh directory; may put files into it. */
  start(url: string, profile: string): { parameters: string[]; environment?: Record<string, string> };
}

/** An engine that is a browser: it opens the session's page, which has one frame per origin, 4 lanes each. */
export function createBrowserEngine(browser: Browser): Engine {
  let executable: string | undefined;
  return {
    name: browser.name,
    implementations: ['native', 'truesource-fetch', 'truesource-xhr'],
    features: () => Object.keys(features) as Feature[],
    // Browsers keep 6 HTTP/1.1 connections per origin: 4 lanes leave room for handing in and for cross-origin cases of a neighbour.
    lanes: 32,
    async find() {
      executable = await findExecutable(browser.executables, process.env[browser.variable]);
      const version = executable && (await readVersion(executable));
      return version ? { version } : { missing: browser.missing };
    },
    open(task: Task) {
      const profile = createTemporaryDirectory();
      const { parameters, environment } = browser.start(task.url, profile);
      const group = startGroup(executable ?? browser.executables[0]!, parameters, {
        environment: { HOME: profile, XDG_RUNTIME_DIR: profile, ...environment }
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
