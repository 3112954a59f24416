import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBrowserEngine } from './browser.ts';

/** Nothing is asked, fetched or shown that the page did not ask for. */
const preferences: Record<string, string | number | boolean> = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.newtabpage.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'termsofuse.bypassNotification': true,
  'toolkit.telemetry.enabled': false,
  'toolkit.telemetry.unified': false
};

export const firefox = createBrowserEngine({
  name: 'firefox',
  executables: ['firefox-esr', 'firefox'],
  variable: 'FIREFOX',
  missing: 'conformance/engines/install in a checkout, or set FIREFOX to its path',
  workers: ['dedicated worker', 'shared worker'],
  mapsHosts: true,
  start(url, profile, _executable, hosts) {
    const lines = Object.entries({ ...preferences, 'network.dns.localDomains': hosts.join(',') }).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    return {
      parameters: ['--headless', '--no-remote', '--profile', profile, url],
      environment: { MOZ_CRASHREPORTER_DISABLE: '1' }
    };
  }
});
