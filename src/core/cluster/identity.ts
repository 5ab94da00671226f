import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

const ID_FILE = 'process-id';
const ID = /^[0-9a-f-]{36}$/;

/**
 * By what the others know the process that works in this folder: a new one goes on at once where the last one has ended,
 * as the folder lets no two in.
 */
export function ownId(folder: string): string {
  const file = join(folder, ID_FILE);
  const known = readIfThere(file);
  if (ID.test(known)) return known;
  const id = randomUUID();
  writeFileSync(file, id, { mode: 0o600 });
  return id;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** The base URL at which other machines of the network reach what listens on this host and port, as far as is known. */
export function ownAddress({ host, port }: { host: string; port: number }): string {
  if (host !== '0.0.0.0' && host !== '::') return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outer = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  return `http://${outer?.address ?? '127.0.0.1'}:${port}`;
}
