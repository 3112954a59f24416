import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { directory, startNginx } from './start-nginx.mjs';

const root = fileURLToPath(new URL('aspnet', import.meta.url));
const socket = `${directory}/mono`;
spawn('/usr/bin/fastcgi-mono-server4', [`/applications=/:${root}`, `/socket=unix:${socket}`], {
  stdio: 'inherit'
});
startNginx(
  process.argv[2],
  `include /etc/nginx/fastcgi_params; root ${root}; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_pass unix:${socket};`
);
