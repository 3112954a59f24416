/**
 * Ours in a page or a worker: the script of dist, without its ending, and the global that is taken away there, so that it runs over the
 * transport of its name.
 */
export const ours: Record<string, { script: string; without: string }> = {
  'truesource-fetch': { script: 'truesource.fetch', without: 'XMLHttpRequest' },
  'truesource-xhr': { script: 'truesource', without: 'fetch' }
};

/** What a browser of today has, if it is not told otherwise. */
export const inBrowsers = ['native', ...Object.keys(ours)];
