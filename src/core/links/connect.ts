import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { buildConnector } from 'undici';
import { UserError } from '../problems.ts';
import { isPublicAddress } from './addresses.ts';

/** The way to the servers that links name. */
export interface LinkNetwork {
  /** All addresses of a host. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Begins a connection to port 443 of an address that has passed the check. */
  readonly dial: (address: string) => Socket;
  /** Certificates to trust in place of those that come with Node, as PEM. */
  readonly ca?: string | undefined;
}

const HTTPS_PORT = 443;
/** A host with more addresses than that is tried at the first ones. */
const MAX_TRIES = 3;

/** The internet, by the machine's own resolver. */
export const INTERNET: LinkNetwork = {
  async resolve(host) {
    const found = await lookup(host, { all: true, order: 'ipv4first' });
    return found.map(({ address }) => address);
  },
  dial: (address) => connect({ host: address, port: HTTPS_PORT }),
};

/**
 * Makes connections to public addresses alone: a name is resolved once, all its addresses are checked, and one of exactly
 * these is connected to, so that a name that means something else a moment later leads nowhere else.
 */
export function createConnector(
  { resolve, dial, ca }: LinkNetwork,
  { timeoutMs }: { timeoutMs: number },
): buildConnector.connector {
  // Without HTTP/2 a connection carries one answer at a time, in bytes that are counted.
  const secure = buildConnector({ allowH2: false, timeout: timeoutMs, ca });

  async function open(hostname: string): Promise<Socket> {
    const host = hostname.replace(/^\[|\]$/g, '');
    const addresses = isIP(host) === 0 ? await within(resolve(host), timeoutMs) : [host];
    if (addresses.length === 0) throw new Error('The host has no address.');
    if (!addresses.every(isPublicAddress)) throw new UserError({ code: 'link_refused', reason: 'address' });
    let failure: unknown;
    for (const address of addresses.slice(0, MAX_TRIES)) {
      try {
        return await connected(dial(address), timeoutMs);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  return (options, callback) => {
    open(options.hostname).then(
      (httpSocket) => secure({ ...options, httpSocket }, callback),
      (error) => callback(error, null),
    );
  };
}

/** A lookup cannot be broken off, only left alone. */
async function within<T>(run: Promise<T>, timeoutMs: number): Promise<T> {
  const ending = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: ending.signal }).then(() => {
    throw new Error('The name was not resolved in time.');
  });
  return Promise.race([run, late]).finally(() => {
    late.catch(() => {});
    ending.abort();
  });
}

async function connected(socket: Socket, timeoutMs: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const end = () => reject(new Error('The connection was not made in time.'));
  socket.setTimeout(timeoutMs, end);
  socket.once('connect', resolve).once('error', reject).once('close', end);
  try {
    await promise;
    socket.setTimeout(0);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off('timeout', end).off('connect', resolve).off('error', reject).off('close', end);
    // Between here and its next owner nobody else listens.
    socket.on('error', () => {});
  }
}
