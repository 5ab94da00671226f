import { StartError } from '../../start-error.ts';
import type { RedisConnection, Reply } from './connection.ts';

/** What keeps Redis from forgetting what it has acknowledged: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ */
const WANTED: Readonly<Record<string, string>> = {
  'maxmemory-policy': 'noeviction',
  appendonly: 'yes',
  appendfsync: 'always',
};
const OLDEST = 7;

/**
 * Makes sure that Redis keeps what it is told; answers the lines that could not be read there.
 *
 * @throws StartError with the lines to set.
 */
export async function checkServer({
  host,
  client,
  command,
}: RedisConnection): Promise<{ unchecked: readonly string[] }> {
  const info = readInfo(await command('INFO'));
  const version = info.get('redis_version') ?? '';
  if (Number.parseInt(version, 10) < OLDEST)
    throw new StartError(`Redis at ${host} is version ${version}: Nod needs ${OLDEST}.0 or newer.`);
  const known = new Map([...readInfoSettings(info), ...(await readSettings(client))]);
  const wrong = linesOf((name) => known.has(name) && known.get(name) !== WANTED[name]);
  if (wrong.length > 0)
    throw new StartError(
      `Redis at ${host} may lose what Nod tells it: set ${list(wrong)} in its redis.conf, then restart it.`,
    );
  return { unchecked: linesOf((name) => !known.has(name)) };
}

const linesOf = (isMeant: (name: string) => boolean): string[] =>
  Object.keys(WANTED)
    .filter(isMeant)
    .map((name) => `${name} ${WANTED[name]}`);

const list = (lines: readonly string[]): string => lines.map((line) => `"${line}"`).join(' and ');

/** Its settings; none where a host keeps them to itself. */
async function readSettings(client: RedisConnection['client']): Promise<[string, string][]> {
  try {
    return Object.entries(await client.configGet(Object.keys(WANTED)));
  } catch {
    return [];
  }
}

const readInfo = (reply: Reply): Map<string, string> =>
  new Map(
    [...String(reply).matchAll(/^([^#:\r\n]+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );

function readInfoSettings(info: Map<string, string>): [string, string][] {
  const policy = info.get('maxmemory_policy');
  const isAppending = info.get('aof_enabled');
  return [
    ...(policy === undefined ? [] : [['maxmemory-policy', policy] satisfies [string, string]]),
    ...(isAppending === undefined
      ? []
      : [['appendonly', isAppending === '1' ? 'yes' : 'no'] satisfies [string, string]]),
  ];
}
