import { chromium } from '../../conformance/engines/chromium.ts';
import type { RunningEngine } from '../../conformance/engine.ts';

/** Why tests in Chromium are skipped: how to get it. Undefined where it is there, or has to be. */
export async function whyNoChromium(): Promise<string | undefined> {
  const found = await chromium.find();
  return 'missing' in found && process.env.REQUIRE_CHROMIUM === undefined ? found.missing : undefined;
}

/** Opens a page in Chromium that has nothing to do with the suite. */
export function openPage(url: string): RunningEngine {
  return chromium.open({
    url,
    origins: [],
    implementation: 'native',
    lanes: 1,
    plays: [],
    dist: '',
    take: () => null,
    handIn() {},
    decline() {},
    hold: () => () => {},
    breakDown() {},
    confirm() {}
  });
}
