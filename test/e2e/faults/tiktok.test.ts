import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import type { PostStatus } from '../../../src/core/publish/post.ts';
import { refusalOf } from '../../../src/core/tiktok/codes.ts';
import { listFaults } from '../../emulators/tiktok/faults.ts';
import { type FaultStage, startFaultStage } from './stage.ts';

type TikTokFault = ReturnType<typeof listFaults>[number];

const FAULTS = listFaults();
/** There are many of them. */
const TIMEOUT_MS = 300_000;

/** What a post may come to after a fault. Where TikTok has said no for good, or nothing for a day, it is not published. */
function endsAfter({ name }: TikTokFault): readonly PostStatus[] {
  const [base = '', code = ''] = name.split(':');
  if (base === 'hang') return ['unconfirmed'];
  // A refresh token is good for one use, whether or not its answer arrives.
  if (base === 'drop-token-reply' || base === 'token-error') return ['published', 'failed'];
  if (base !== 'fail' && base !== 'init-403') return ['published'];
  if (code === 'publish_cancelled') return ['cancelled'];
  if (code === 'privacy_level_option_mismatch') return ['expired'];
  return refusalOf(code).retry === 'never' ? ['failed'] : ['published'];
}

/** A day's post for each fault. */
async function meetAll(
  stage: FaultStage,
  faults: readonly TikTokFault[],
  { files, endpoint }: { files: readonly string[]; endpoint: string },
): Promise<void> {
  const { tiktok } = stage;
  let count = 0;
  const meet = async (fault: TikTokFault, draft: Message): Promise<void> => {
    const armed = tiktok.fault(fault.name, {
      ...(fault.phase === 'latency' && { ms: 30_000 }),
      ...(fault.group === 'any' && fault.phase !== 'webhook' && { endpoint }),
    });
    if (fault.group === 'token')
      for (const token of tiktok.state.tokens) token.revoked ||= token.kind === 'access';
    await stage.tap(draft, 'Post now');
    count += 1;
    await stage.finish(count);
    const { status } = await stage.ended(`With ${fault.name}.`);
    expect(endsAfter(fault)).toContain(status);
    expect(armed.fault.left).toBe(0);
  };
  const nameOf = ({ name }: TikTokFault) => name;
  await stage.onDays(faults, meet, { nameOf, files });
  expect(count).toBe(faults.length);
  await stage.expectNothingLeft();
}

it('publishes a photo once, or says why not, after each fault of TikTok', {
  timeout: TIMEOUT_MS,
}, async () => {
  await using stage = await startFaultStage();
  const faults = FAULTS.filter(({ phase }) => phase !== 'chunk');
  await meetAll(stage, faults, { files: ['phone.jpg'], endpoint: 'content/init' });
});

it('publishes a video once that is uploaded, or says why not, after each fault of its calls', {
  timeout: TIMEOUT_MS,
}, async () => {
  await using stage = await startFaultStage({ environment: { VIDEO_TRANSFER: 'upload' } });
  // What a refusal means is the same for all media.
  const faults = FAULTS.filter(({ phase, name }) => phase === 'chunk' || !name.includes(':'));
  await meetAll(stage, faults, { files: ['tiktok-h264.mp4'], endpoint: 'video/init' });
});
