import { setTimeout as delay } from 'node:timers/promises';
import { plainName } from '../plain-text.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import { refusalOf } from '../tiktok/codes.ts';
import { TikTokApiError, TikTokUnreachableError } from '../tiktok/errors.ts';
import { SCOPE_FOR } from '../tiktok/oauth.ts';
import { type AccountParts, nameOf } from './accounts.ts';
import { type Finding, ok, toDo, unknown } from './check.ts';
import { PICTURE_NAME, PROBE_PATH } from './probe.ts';

const LOOK_EVERY_MS = 1_500;
const PORTAL = 'in TikTok’s developer portal, under “URL properties”';

/** Has TikTok fetch a picture from here into the inbox of an account, as a draft: the one check that leaves something. */
export async function checkPull(
  { accounts, secrets, now }: AccountParts,
  {
    client,
    publicUrl,
    signal,
  }: { client: Pick<TikTokClient, 'initPublish' | 'fetchStatus'>; publicUrl: string; signal: AbortSignal },
): Promise<Finding> {
  const all = (await Array.fromAsync(accounts.entries())).map(([, account]) => account);
  const account = all.find(
    ({ expired, scopes, accessExpiresAt }) =>
      !expired && scopes.includes(SCOPE_FOR.MEDIA_UPLOAD) && accessExpiresAt > now(),
  );
  if (account === undefined)
    return unknown('no account has a token that TikTok takes now; one is renewed with the next post');
  const name = nameOf(account);
  try {
    const token = secrets.open(account.accessToken, account.openId);
    const { publishId } = await client.initPublish(token, {
      kind: 'photo',
      postMode: 'MEDIA_UPLOAD',
      caption: '',
      settings: NOTHING_CHOSEN,
      mediaUrls: [`${publicUrl}${PROBE_PATH}/${PICTURE_NAME}`],
    });
    for (;;) {
      await delay(LOOK_EVERY_MS, undefined, { signal });
      const { status, failReason } = await client.fetchStatus(token, publishId);
      if (status === 'SEND_TO_USER_INBOX' || status === 'PUBLISH_COMPLETE')
        return ok(
          `TikTok has fetched a picture; it lies as a draft in the inbox of ${name}: delete it there`,
        );
      if (status === 'FAILED')
        return toDo(
          `TikTok could not fetch a picture from ${publicUrl} (${plainName(failReason ?? 'no reason')}): have it reach this server, and verify the address ${PORTAL}.`,
        );
    }
  } catch (error) {
    if (error instanceof TikTokUnreachableError)
      return toDo(
        `TikTok gave no usable answer, and may have taken the picture: look into the inbox of ${name}, and try again later.`,
      );
    if (!(error instanceof TikTokApiError)) throw error;
    if (refusalOf(error.code).reason === 'url_not_verified')
      return toDo(`TikTok does not fetch from ${publicUrl}: verify it ${PORTAL}.`);
    return toDo(`TikTok takes no draft for ${name} now (${plainName(error.code)}): try again later.`);
  }
}

/** The creator chooses in the TikTok app. */
const NOTHING_CHOSEN = {
  allowComment: false,
  allowDuet: false,
  allowStitch: false,
  yourBrand: false,
  brandedContent: false,
  aiGenerated: false,
};
