// Faithful: which shard hears of a server, direct messages on the first one, and how many servers a shard may have
// (https://discord.com/developers/docs/events/gateway#sharding). Simplified: as few shards are recommended as are allowed.

/** The number of a shard, from 0, and how many there are. */
export type Shard = readonly [id: number, count: number];

export const SERVERS_PER_SHARD = 2_500;

/** The shard that hears of a server, or of what is in none. */
export const shardOf = (guildId: string | undefined, count: number): number =>
  guildId === undefined ? 0 : Number((BigInt(guildId) >> 22n) % BigInt(count));

/** As a client names it; undefined where there is no such shard. */
export function readShard(named: unknown): Shard | undefined {
  if (named === undefined) return [0, 1];
  const [id, count] = Array.isArray(named) ? named.map(Number) : [];
  const isShard = Number.isInteger(id) && Number.isInteger(count);
  return isShard && id !== undefined && count !== undefined && id >= 0 && id < count
    ? [id, count]
    : undefined;
}

/** How many of these servers a shard would hear of. */
const serversOf = ([id, count]: Shard, guildIds: readonly string[]): number =>
  guildIds.filter((guildId) => shardOf(guildId, count) === id).length;

/** The least number of shards none of which has more servers than allowed. */
export function shardsFor(guildIds: readonly string[], most: number): number {
  const fits = (count: number) =>
    Array.from({ length: count }, (_, id) => serversOf([id, count], guildIds)).every(
      (servers) => servers <= most,
    );
  let count = 1;
  while (!fits(count)) count += 1;
  return count;
}

/** The server that an event is about, where it is about one. */
export function guildOf(event: string, payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  if ('guild_id' in payload && typeof payload.guild_id === 'string') return payload.guild_id;
  const isGuild = event === 'GUILD_CREATE' || event === 'GUILD_UPDATE' || event === 'GUILD_DELETE';
  return isGuild && 'id' in payload ? String(payload.id) : undefined;
}
