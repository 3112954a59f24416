/**
 * Ours in a page or a worker: the script of dist, without its ending, and the globals that are taken away there, so that it can only be
 * what runs. The one over XHR asks a fetch, if there is one, what a refusal by CORS was.
 */
export const ours: Record<string, { script: string; without: string[] }> = {
  'truesource-fetch': { script: 'truesource.fetch', without: ['EventSource', 'XMLHttpRequest'] },
  'truesource-xhr': { script: 'truesource', without: ['EventSource'] }
};

/** What a browser of today has, if it is not told otherwise. */
export const inBrowsers = ['native', ...Object.keys(ours)];
