import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new directory for sockets and configuration. */
export const directory = mkdtempSync(join(tmpdir(), 'truesource-nginx-'));

/** Starts nginx as Debian has it, with these directives for all paths. */
export function startNginx(port, location) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const configuration = `
    daemon off; master_process off; pid ${directory}/pid;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
      server { listen 127.0.0.1:${port}; location / { ${location} } }
    }`;
  writeFileSync(join(directory, 'nginx.conf'), configuration);
  spawn('/usr/sbin/nginx', ['-e', 'stderr', '-p', directory, '-c', join(directory, 'nginx.conf')], {
    stdio: 'inherit'
  });
}
