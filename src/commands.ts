import { createReadStream, existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readConfig, SETTINGS } from './config.ts';
import { makeBackup } from './core/backup/backup.ts';
import { restoreBackup } from './core/backup/restore.ts';
import type { BucketSettings } from './core/media/store/bucket.ts';
import { StartError } from './core/start-error.ts';
import { doctorText, runDoctor } from './doctor.ts';
import { misspeltSettings } from './misspelt-settings.ts';

/** What a command needs to know of the settings; the others may be missing. */
interface Place {
  readonly dataDir: string;
  readonly secretKey: string | undefined;
  readonly redisUrl: string | undefined;
  readonly s3: BucketSettings | undefined;
}

/** Does it, and says in words what has come of it; nothing where its output says it. */
type Command = (args: readonly string[], place: Place) => Promise<string | undefined>;

/** What can be done beside running Nod, by its first word on the command line. */
const COMMANDS: Readonly<Record<string, Command>> = { backup, restore, doctor, move };

/** The command that was asked for; undefined where Nod is to run. */
export function commandIn([name = '', ...rest]: readonly string[]) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return command && ((place: Place) => command(rest, place));
}

async function backup(args: readonly string[], { dataDir, secretKey, redisUrl, s3 }: Place): Promise<string> {
  const { file, isOn } = read(args, {
    flag: 'with-key',
    usage: 'npm run backup -- FILE [--with-key], where FILE is the file to make, or - for the output',
  });
  refuseRedis(redisUrl);
  refuseBucket(s3);
  if (file === '-' && process.stdout.isTTY)
    throw new StartError('A backup is nothing to read: give the name of a file, or send the output to one.');
  const { media, database, hasKey } = await makeBackup({
    dataDir,
    to: file === '-' ? process.stdout : file,
    withKey: isOn,
    configuredKey: secretKey,
    now: Date.now,
  });
  const what = `the database (${megabytes(database.bytes)}) and ${media} files of media`;
  const key = hasKey
    ? 'The key for the tokens is in it: whoever has the file can post to the accounts.'
    : 'The key for the tokens is not in it: keep SECRET_KEY or secret.key as well, apart from it.';
  return `Backed up ${what}. ${key}`;
}

async function restore(
  args: readonly string[],
  { dataDir, secretKey, redisUrl, s3 }: Place,
): Promise<string> {
  const { file, isOn } = read(args, {
    flag: 'go-on',
    usage: 'npm run restore -- FILE [--go-on], where FILE is a backup, or - for the input',
  });
  refuseRedis(redisUrl);
  refuseBucket(s3);
  const from = file === '-' ? process.stdin : contentOf(file);
  const { madeAt, accounts, hasKey } = await restoreBackup({ dataDir, from, goesOn: isOn, now: Date.now });
  const lines = [`Restored into ${dataDir} what was backed up at ${new Date(madeAt).toISOString()}.`];
  if (accounts > 0 && !hasKey && secretKey === undefined)
    lines.push('The backup has no key: put secret.key there, or set SECRET_KEY, before you start Nod.');
  lines.push(
    isOn
      ? 'Everything goes on where it was.'
      : 'Posts that may have gone out since then are held back, and their cards say so; what is planned for later asks whether it is out.',
  );
  return lines.join('\n');
}

async function move(args: readonly string[], { dataDir, redisUrl: url, s3 }: Place): Promise<string> {
  const [to, ...more] = args;
  if ((to === 's3' || to === 'folder') && more.length === 0)
    return moveMedia(to, { dataDir, redisUrl: url, s3 });
  if ((to !== 'redis' && to !== 'file') || more.length > 0)
    throw new StartError(
      'Call it like this: npm run move -- redis, or npm run move -- file, with REDIS_URL and DATA_DIR set to where the records go or come from; npm run move -- s3, or npm run move -- folder, with S3_BUCKET set, for the media.',
    );
  if (url === undefined)
    throw new StartError(
      'REDIS_URL is missing: set it to the Redis to which the records go, or from which they come.',
    );
  const { moveToFile, moveToRedis } = await import('./core/storage/move/move-records.ts');
  if (to === 'file') {
    const { records } = await moveToFile({ dataDir, url });
    return `Moved ${records} records into ${dataDir}. Take REDIS_URL away, then start Nod.`;
  }
  const { records, kept } = await moveToRedis({ dataDir, url });
  const rest = kept === undefined ? '' : ` The file is kept as ${kept}; delete it when all is well.`;
  return `Moved ${records} records into Redis.${rest} Media and the key stay in ${dataDir}.`;
}

async function moveMedia(
  to: 's3' | 'folder',
  { dataDir, redisUrl, s3 }: Pick<Place, 'dataDir' | 'redisUrl' | 's3'>,
): Promise<string> {
  if (s3 === undefined)
    throw new StartError(
      'S3_BUCKET is missing: set it to the bucket to which the media go, or from which they come.',
    );
  const parts = { dataDir, isDatabaseElsewhere: redisUrl !== undefined, s3 };
  const { moveMediaToBucket, moveMediaToFolder } = await import('./core/media/store/move-media.ts');
  if (to === 's3') {
    const { files } = await moveMediaToBucket(parts);
    return `${files} files of media are in the bucket now. Start Nod with S3_BUCKET set; ${dataDir} keeps what it works with.`;
  }
  const { files } = await moveMediaToFolder(parts);
  return `${files} files of media are in ${dataDir} now. Take S3_BUCKET away, then start Nod; when all is well, empty the bucket.`;
}

/** A backup has the media of a folder alone. */
function refuseBucket(s3: BucketSettings | undefined): void {
  if (s3 !== undefined)
    throw new StartError(
      'S3_BUCKET is set, so the media are in a bucket: stop Nod and copy DATA_DIR and the bucket, or bring the media back with "npm run move -- folder" first.',
    );
}

/** A backup is of the file, which has nothing of what is in Redis. */
function refuseRedis(redisUrl: string | undefined): void {
  if (redisUrl !== undefined)
    throw new StartError(
      'REDIS_URL is set, so the records are in Redis: copy its append-only files and DATA_DIR, or move the records into a file with "npm run move -- file" first.',
    );
}

/** Its status is 1 where something is to be done. */
async function doctor(args: readonly string[]): Promise<undefined> {
  const { isPull, isJson } = readDoctorOptions(args);
  const misspelt = misspeltSettings(process.env, SETTINGS).map(
    ({ name, meant }) => `${name} is set, which Nod does not know: is ${meant} meant?`,
  );
  const results = await runDoctor({ config: readConfig(process.env), misspelt, isPull });
  const isWell = results.every(({ state }) => state !== 'to_do');
  const said = isJson ? JSON.stringify({ ok: isWell, checks: results }) : doctorText(results);
  // What hangs is not waited for.
  process.stdout.write(`${said}\n`, () => process.exit(isWell ? 0 : 1));
}

function readDoctorOptions(args: readonly string[]): { isPull: boolean; isJson: boolean } {
  try {
    const options = { pull: { type: 'boolean' }, json: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    return { isPull: values.pull === true, isJson: values.json === true };
  } catch {
    throw new StartError(
      'Call it like this: npm run doctor -- [--json] [--pull], where --pull has TikTok fetch a picture into the inbox of an account.',
    );
  }
}

function contentOf(file: string): AsyncIterable<Uint8Array> {
  if (!existsSync(file)) throw new StartError(`${file} is not there: give the name of a backup.`);
  return createReadStream(file);
}

/** The one file and the one option that a command takes. */
function read(args: readonly string[], { flag, usage }: { flag: string; usage: string }) {
  try {
    const options = { [flag]: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [file, ...more] = positionals;
    if (file !== undefined && file !== '' && more.length === 0) return { file, isOn: values[flag] === true };
  } catch {
    // The usage says it better.
  }
  throw new StartError(`Call it like this: ${usage}.`);
}

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
