import { text } from 'node:stream/consumers';
import type { Route } from '../fixtures-server/server.ts';
import { noJobs, type Engine, type RunningEngine } from './engine.ts';

// For tests of pages.

/** Why tests in an engine are skipped: how to get it. Undefined where it is there, or has to be, which `REQUIRE_<ENGINE>` says. */
export async function whyMissing(engine: Engine): Promise<string | undefined> {
  const found = await engine.find();
  const isRequired = process.env[`REQUIRE_${engine.name.toUpperCase()}`] !== undefined;
  return 'missing' in found && !isRequired ? found.missing : undefined;
}

/** Opens a page in an engine, which runs no cases. */
export function openPage(engine: Engine, url: string): RunningEngine {
  return engine.open({ ...noJobs, url, origins: [], implementation: 'native', lanes: 1, dist: '' });
}

/** `POST /told`, by which a page says once what it has seen, as JSON. */
export function createToldRoute<Told>(): { route: Route; heard: Promise<Told> } {
  let hear!: (told: Told) => void;
  const heard = new Promise<Told>((resolve) => (hear = resolve));
  const route: Route = {
    method: 'POST',
    path: '/told',
    async handle(request, response) {
      const told = await text(request);
      response.end();
      hear(JSON.parse(told) as Told);
    }
  };
  return { route, heard };
}
