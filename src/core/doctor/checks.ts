import { INTERNET, type LinkNetwork } from '../links/connect.ts';
import type { Ffmpeg } from '../media/ffmpeg.ts';
import type { Post } from '../publish/post.ts';
import type { PostSignals } from '../publish/signals.ts';
import type { TransferChoice } from '../publish/transfer/choose.ts';
import type { Lesson } from '../quotas/quotas.ts';
import type { Store } from '../storage/database.ts';
import type { TikTokClient } from '../tiktok/client.ts';
import { type AccountParts, checkAccess, checkPrivacy, checkScopes } from './accounts.ts';
import { checkAddress, checkPhotos, checkVerification } from './address.ts';
import type { Check } from './check.ts';
import { checkClock, checkDisk, type DiskParts } from './machine.ts';
import { checkFfmpeg, checkHeic } from './media.ts';
import type { Probe } from './probe.ts';
import { checkPull } from './pull.ts';
import { checkWebhooks, type WebhookLog } from './webhooks.ts';

const SLOW_MACHINE = 'This machine is too busy to say: try again later.';
const SLOW_TIKTOK = 'TikTok does not answer in time: try again later.';

/** What the doctor looks at, all but the chats. */
export interface CheckParts extends AccountParts {
  readonly publicUrl: string;
  /** From where TikTok fetches media, if that is another address. */
  readonly mediaBaseUrl?: string | undefined;
  readonly port: number;
  readonly tiktok: {
    readonly apiUrl: string;
    readonly siteVerification?: string | undefined;
    readonly stats: boolean;
  };
  readonly disk: DiskParts;
  readonly client: Pick<TikTokClient, 'queryCreatorInfo' | 'initPublish' | 'fetchStatus'>;
  readonly lessons: Pick<Store<Lesson>, 'get'>;
  readonly posts: Pick<Store<Post>, 'find'>;
  readonly signals: Pick<Store<PostSignals>, 'get'>;
  readonly transfers: Pick<TransferChoice, 'obstacle'>;
  readonly webhookLog: Pick<WebhookLog, 'lastAt'>;
  readonly probe: Pick<Probe, 'bytesFor'>;
  readonly findFfmpeg: () => Ffmpeg | undefined;
  /** Another way to our own address than the internet. */
  readonly network?: LinkNetwork | undefined;
}

/** The checks of what a Nod stands on, in the order in which they are told. */
export function coreChecks(parts: CheckParts, { isPull = false } = {}): Check[] {
  const { publicUrl, port, network = INTERNET, tiktok, client, findFfmpeg, now } = parts;
  const address = { publicUrl, port, network };
  const { mediaBaseUrl } = parts;
  const mediaAddress =
    mediaBaseUrl === undefined
      ? address
      : ({ ...address, publicUrl: mediaBaseUrl, setting: 'MEDIA_BASE_URL' } as const);
  const own = 'No answer in time from PUBLIC_URL: have the reverse proxy there pass requests on to Nod.';
  const ownMedia = own.replace('PUBLIC_URL', mediaBaseUrl === undefined ? 'PUBLIC_URL' : 'MEDIA_BASE_URL');
  const checks: Check[] = [
    {
      name: 'address',
      run: (signal) => checkAddress(address, { probe: parts.probe, signal }),
      late: own,
    },
    ...(mediaBaseUrl === undefined
      ? []
      : [
          {
            name: 'media address',
            run: (signal: AbortSignal) => checkAddress(mediaAddress, { probe: parts.probe, signal }),
            late: ownMedia,
          },
        ]),
    {
      name: 'verification',
      run: (signal) => checkVerification(mediaAddress, { token: tiktok.siteVerification, signal }),
      late: ownMedia,
    },
    { name: 'photos', run: () => checkPhotos(parts.transfers), late: SLOW_MACHINE },
    {
      name: 'clock',
      run: (signal) => checkClock({ apiUrl: tiktok.apiUrl, now }, { signal }),
      late: SLOW_TIKTOK,
    },
    { name: 'webhooks', run: () => checkWebhooks(parts), late: SLOW_MACHINE },
    {
      name: 'scopes',
      run: () => checkScopes({ accounts: parts.accounts, stats: tiktok.stats }),
      late: SLOW_MACHINE,
    },
    { name: 'access', run: () => checkAccess(parts), late: SLOW_MACHINE },
    {
      name: 'privacy',
      run: (signal) => checkPrivacy(parts, { client, lessons: parts.lessons, signal }),
      late: SLOW_TIKTOK,
    },
    { name: 'ffmpeg', run: (signal) => checkFfmpeg(findFfmpeg, { signal }), late: SLOW_MACHINE },
    { name: 'HEIC', run: (signal) => checkHeic({ signal }), late: SLOW_MACHINE },
    { name: 'disk', run: () => checkDisk(parts.disk), late: SLOW_MACHINE },
  ];
  if (!isPull) return checks;
  const pull: Check = {
    name: 'pull',
    run: (signal) => checkPull(parts, { client, publicUrl: mediaAddress.publicUrl, signal }),
    late: `TikTok has not fetched the picture in time: look into the inbox of the account in a while, and check that ${mediaAddress.publicUrl} is reached from outside.`,
    // TikTok fetches when it likes.
    isSlow: true,
  };
  return [...checks, pull];
}
