import { join } from 'node:path';
import type { Engine } from '../engine.ts';
import { createTemporaryDirectory, removeTemporaryDirectory, startGroup } from '../processes.ts';
import { findExecutable, readVersion } from './executable.ts';

/** An engine that runs a file: how it is found and started. */
export interface Runtime {
  name: string;
  implementations: string[];
  /** Names on the PATH, or paths. */
  executables: string[];
  /** Environment variable with the path of another executable. */
  variable: string;
  /** How to get it. */
  missing: string;
  /** What stands before the file. `directory` is a fresh one; may put files into it. */
  start(
    implementation: string,
    directory: string,
    dist: string
  ): { parameters: string[]; environment?: Record<string, string> };
}

/** An engine without pages: its process pulls the jobs. */
export function createProcessEngine(runtime: Runtime): Engine {
  let executable: string | undefined;
  return {
    name: runtime.name,
    implementations: runtime.implementations,
    features: () => ['own-process'],
    lanes: 32,
    async find() {
      executable = await findExecutable(runtime.executables, process.env[runtime.variable]);
      const version = executable && (await readVersion(executable));
      return version ? { version } : { missing: runtime.missing };
    },
    open({ url, implementation, lanes, dist }) {
      const directory = createTemporaryDirectory();
      const { parameters, environment } = runtime.start(implementation, directory, dist);
      const group = startGroup(
        executable ?? runtime.executables[0]!,
        [...parameters, join(dist, 'node-client.js'), JSON.stringify({ url, implementation, lanes })],
        { environment: { TMPDIR: directory, ...environment } }
      );
      return {
        ended: group.ended,
        async stop() {
          await group.stop();
          removeTemporaryDirectory(directory);
        }
      };
    }
  };
}
