import { expect, it } from 'vitest';
import { cases, run } from './run-in-process.ts';
import type { InProcessOptions } from './run-in-process.ts';

it.each<[string, object, string]>([
  ['cases that are no list', { cases: 'parsing' }, 'cases must be an array, not parsing'],
  [
    'features that nothing requires',
    { features: ['cookie'] },
    'document, own-process, trusted-events, not cookie'
  ],
  ['an onCell that cannot be called', { onCell: 5 }, 'onCell must be a function, not 5']
])('refuses %s before anything is run', async (_words, options, message) => {
  await expect(
    run(EventTarget, { cases: cases.slice(0, 1), ...options } as InProcessOptions)
  ).rejects.toThrow(message);
});
