import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Systems give connections and unnamed servers ports from 32768 on, so below nobody takes one meanwhile. */
const FIRST = 10_000;
const END = 32_768;

/** A loopback port that was free a moment ago, for programs that have to be told theirs. */
export async function findFreePort(): Promise<number> {
  while (true) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
