import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * What stands in front of several web processes: each connection goes to the next of them that takes it, as it does with a
 * reverse proxy that tries another server when one does not answer.
 */
export async function startBalancer({
  port,
  targets,
}: {
  port: number;
  /** Where the web processes listen, dead ones among them. */
  targets: () => readonly { readonly host: string; readonly port: number }[];
}) {
  let turn = 0;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    keep(socket);
    void pass(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  async function pass(socket: Socket): Promise<void> {
    const all = targets();
    turn += 1;
    for (let tries = 0; tries < all.length; tries += 1) {
      const target = all[(turn + tries) % all.length];
      const other = target && (await connected(target));
      if (other === undefined) continue;
      keep(other);
      socket.pipe(other).pipe(socket);
      socket.once('close', () => other.destroy());
      other.once('close', () => socket.destroy());
      return;
    }
    socket.destroy();
  }

  function keep(socket: Socket): void {
    open.add(socket);
    socket.on('error', () => {}).once('close', () => open.delete(socket));
  }

  return {
    async [Symbol.asyncDispose](): Promise<void> {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

async function connected(target: { host: string; port: number }): Promise<Socket | undefined> {
  const socket = connect({ ...target, allowHalfOpen: true });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(1_000) });
    return socket;
  } catch {
    socket.destroy();
    return undefined;
  }
}
