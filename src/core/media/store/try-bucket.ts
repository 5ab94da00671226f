import { randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { StartError } from '../../start-error.ts';
import { type Bucket, BucketError, type BucketSettings } from './bucket.ts';
import { TRIAL } from './s3.ts';

const TRIAL_BYTES = 1_024;
/** What has the media of a Nod holds it; a bucket without it has never been used. */
const IN_USE = 'in-use';
const WRONG_KEY = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidClientTokenId']);
const WRONG_REGION = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);

/**
 * Does with a small object all that Nod does in a bucket, and sees whether strangers can read it.
 *
 * @throws StartError which says what to set, with no key in it.
 */
export async function tryBucket(bucket: Bucket, settings: BucketSettings): Promise<void> {
  const key = `${TRIAL}${randomUUID()}`;
  const content = randomBytes(TRIAL_BYTES);
  try {
    await bucket.put(key, content, { isNew: true });
    const found = await buffer(await bucket.get(key));
    const isCopied = await bucket.touch(key);
    let isListed = false;
    for await (const one of bucket.list(TRIAL)) isListed ||= one.key === key;
    if (!found.equals(content) || !isCopied || !isListed)
      throw new StartError(
        `The bucket ${settings.name} does not give back what was put there: use one that answers as S3 does, with what was written last.`,
      );
    if (await bucket.isPublic(key))
      throw new StartError(
        `Everybody can read the bucket ${settings.name}, and what lies there is for nobody yet: take public access away from it, and give the address of Nod to others, not that of the bucket.`,
      );
  } catch (error) {
    throw startErrorOf(error, settings);
  } finally {
    await bucket.remove(key).catch(() => {});
  }
}

/** Whether a bucket holds the media of a Nod. */
export const isBucketInUse = async (bucket: Bucket): Promise<boolean> =>
  (await bucket.head(IN_USE)) !== undefined;

/** Has a bucket hold the media of a Nod from now on, or no more. */
export const setBucketInUse = async (bucket: Bucket, isInUse: boolean): Promise<void> => {
  if (isInUse) await bucket.put(IN_USE, Buffer.from('The media of a Nod are in this bucket.\n'));
  else await bucket.remove(IN_USE);
};

/** The sentence for what S3 says of a bucket. */
export function startErrorOf(error: unknown, { name, endpoint, credentials }: BucketSettings): unknown {
  if (!(error instanceof BucketError)) return error;
  const { word, status } = error;
  const place = endpoint === undefined ? 'S3' : `S3 at ${new URL(endpoint).host}`;
  if (word === 'CredentialsProviderError')
    return new StartError(
      'Nod has no key for S3: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or run it where the machine has a role of its own.',
    );
  if (status === undefined)
    return new StartError(
      `Nod cannot reach ${place} (${word}): start it there, or set S3_ENDPOINT to where it is.`,
    );
  if (WRONG_KEY.has(word))
    return new StartError(
      `${place} does not take the key${credentials === undefined ? ' of this machine' : ''}: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY to those of a user there.`,
    );
  if (WRONG_REGION.has(word) || status === 301)
    return new StartError(`The bucket ${name} is in another region: set S3_REGION to that one.`);
  if (status === 404)
    return new StartError(`${place} has no bucket ${name}: make it, or set S3_BUCKET to one that is there.`);
  if (status === 403)
    return new StartError(
      `Nod may not use the bucket ${name}: its user needs s3:GetObject, s3:PutObject and s3:DeleteObject on what is in it, and s3:ListBucket on the bucket.`,
    );
  return new StartError(
    `${place} does not work with the bucket ${name} (${word}, ${status}): look into its log.`,
  );
}
