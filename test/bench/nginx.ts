import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '../free-port.ts';
import { endWith, failAt, seeLine } from './nod-process.ts';

/** Starts nginx over a folder, set up as Debian does it but for one worker; `scratch` is for its own files. */
export async function startNginx({ root, scratch }: { root: string; scratch: string }) {
  const port = await findFreePort();
  const config = join(scratch, 'nginx.conf');
  await writeFile(config, configOf({ root, scratch, port }));
  const child = spawn('nginx', ['-c', config, '-p', scratch, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A killed master leaves its worker behind, a terminated one takes it along.
  const ended = endWith(child, 'SIGTERM');
  await Promise.race([seeLine(child.stderr, 'start worker process'), failAt(ended)]);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function configOf({ root, scratch, port }: { root: string; scratch: string; port: number }): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // Started by root, the worker would change to a user who cannot read the data folder.
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid ${scratch}/nginx.pid;
error_log stderr notice;
events { worker_connections 768; }
http {
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  types { image/jpeg jpg; video/mp4 mp4; }
  access_log ${scratch}/nginx-access.log;
  gzip on;
  ${kinds.map((kind) => `${kind}_temp_path ${scratch}/${kind};`).join('\n  ')}
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`;
}
