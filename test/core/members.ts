import pino from 'pino';
import { openCluster } from '../../src/core/cluster/redis/open-cluster.ts';
import { openRedisStores } from '../../src/core/storage/redis/open-stores.ts';
import type { CoreWorld } from './core-world.ts';
import type { Nod } from './nod.ts';

/** So many processes of one Nod over a Redis, none of which leads; they end with the world, and their cluster with this. */
export async function openMembers(world: CoreWorld, { url, count }: { url: string; count: number }) {
  await using stack = new AsyncDisposableStack();
  const nods: Nod[] = [];
  for (let number = 1; number <= count; number += 1) {
    const log = pino({ level: 'silent' });
    const cluster = stack.use(await openCluster({ url, id: `member ${number}`, mayLead: false, log }));
    nods.push(world.openAnother({ shared: { stores: await openRedisStores({ url }), cluster } }));
  }
  const kept = stack.move();
  return { nods, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
