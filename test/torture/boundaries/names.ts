import { resolve, sep } from 'node:path';

/** Names what leaves the process by its kind: without ids, secrets and whatever else differs from one to the next. */
export function createNames({
  dataDir,
  platforms,
}: {
  dataDir: string;
  platforms: Readonly<Record<string, string>>;
}) {
  const root = resolve(dataDir) + sep;
  const origins = new Map(Object.entries(platforms).map(([name, url]) => [new URL(url).origin, name]));

  /** A call to a platform, or to anybody else. */
  function request(method: string, url: string): string {
    const { origin, pathname } = new URL(url);
    return `${origins.get(origin) ?? 'elsewhere'} ${method} ${plainPath(pathname)}`;
  }

  /** A request that Nod has answered. */
  const served = (method: string, url: string): string =>
    `Nod answers ${method} ${plainPath(url, LONGEST_OF_NOD)}`;

  /** A file of the data folder; undefined for any other. */
  function file(path: string): string | undefined {
    const whole = resolve(path);
    if (!whole.startsWith(root)) return undefined;
    return whole
      .slice(root.length)
      .replace(/^media\/[0-9a-f]{64}\./, 'media/….')
      .replace(/(unfinished|arriving)-[\w-]+/, '$1-…');
  }

  return { request, served, file };
}

export type Names = ReturnType<typeof createNames>;

/** The words in addresses: those of Nod are short, and its ids may have no digit. */
const LONGEST_WORD = 24;
const LONGEST_OF_NOD = 12;

/** The path with … for each part that names one of many. */
function plainPath(path: string, longest = LONGEST_WORD): string {
  const [bare = ''] = path.split('?');
  return bare
    .split('/')
    .map((part) => (isName(part, longest) ? part : part.replace(/^.*?(\.\w{2,4})?$/, '…$1')))
    .join('/');
}

/** Names of endpoints are words; ids have many digits or are long, and an emoji is escaped. */
const isName = (part: string, longest: number): boolean =>
  part.length <= longest && !/\d{4,}|%|:|\d\.\w+$/.test(part) && !(part.length > 12 && /\d/.test(part));
