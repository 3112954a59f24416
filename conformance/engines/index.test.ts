import { expect, it } from 'vitest';
import { engines } from './index.ts';

it('has no engine whose pages are processes of their own', () => {
  const both = engines.filter(({ implementations, features }) => {
    const available = features(implementations[0]!);
    return available.includes('document') && available.includes('own-process');
  });
  expect(both).toEqual([]);
});
