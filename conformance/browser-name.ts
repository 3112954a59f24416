/** Most special first: nearly all call themselves what others are as well. */
const browsers: [pattern: RegExp, name: string][] = [
  [/PhantomJS\/([\d.]+)/, 'phantomjs'],
  [/(wkhtmlto(?:image|pdf))/, 'qtwebkit'],
  [/Edg(?:A|iOS)?\/([\d.]+)/, 'edge'],
  [/OPR\/([\d.]+)/, 'opera'],
  [/SamsungBrowser\/([\d.]+)/, 'samsung-internet'],
  [/(?:Firefox|FxiOS)\/([\d.]+)/, 'firefox'],
  [/(?:Chrom(?:e|ium)|CriOS)\/([\d.]+)/, 'chromium'],
  [/Linux.* Version\/([\d.]+).* Safari\//, 'webkitgtk'],
  [/Version\/([\d.]+).* Safari\//, 'safari'],
  [/(?:Trident\/.*rv:|MSIE )([\d.]+)/, 'internet-explorer'],
  [/AppleWebKit\/([\d.]+)/, 'webkit']
];

/** The name that a browser has in a report, for a reader and for the list of expected failures; `browser` if it is none of those known. */
export function nameBrowser(userAgent: string): { name: string; version: string } {
  for (const [pattern, name] of browsers) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return { name, version };
  }
  return { name: 'browser', version: 'unknown' };
}
