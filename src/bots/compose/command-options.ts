import { LRUCache } from 'lru-cache';
import type { Account, Accounts } from '../../core/accounts/accounts.ts';
import type { Draft } from '../../core/compose/draft.ts';
import type { Composer } from '../../core/compose/drafts.ts';
import { UserError } from '../../core/problems.ts';
import { createSteadyClock } from '../../core/steady-clock.ts';
import { PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { type CreatorInfo, isPrivacyLevel } from '../../core/tiktok/types.ts';
import { accountKey } from '../buttons.ts';
import type { CardQueue } from '../cards/card-queue.ts';
import type { ChatEventOf } from '../platform.ts';
import { accountName } from '../text/format.ts';

type Wishes = NonNullable<ChatEventOf<'media'>['wishes']>;

/** People type on while suggestions come, and TikTok allows 20 questions a minute. */
const ASK_AGAIN_MS = 60_000;
const MAX_CREATORS = 1_000;

/** Suggests what the options of a command may be, and carries out what was chosen along with the media. */
export function createCommandOptions({
  accounts,
  composer,
  cardQueue,
  now,
}: {
  accounts: Accounts;
  composer: Composer;
  cardQueue: CardQueue;
  now: () => number;
}) {
  const creators = new LRUCache<string, Promise<CreatorInfo>>({
    max: MAX_CREATORS,
    ttl: ASK_AGAIN_MS,
    ttlResolution: 0,
    perf: { now: createSteadyClock(now) },
  });

  /** Without a suggestion the option can still be left out: the card asks for all of it. */
  async function suggest({
    workspace,
    option,
    typed,
    account,
    offer,
  }: ChatEventOf<'suggest'>): Promise<void> {
    const shared = await accounts.list(workspace);
    const all =
      option === 'account'
        ? shared.map((one) => ({ label: accountName(one), value: accountKey(one.openId) }))
        : await suggestPrivacy(chosenFrom(shared, account));
    const wanted = typed.trim().toLowerCase();
    await offer(all.filter(({ label }) => label.toLowerCase().includes(wanted)));
  }

  async function suggestPrivacy(account: Account | undefined) {
    if (account === undefined) return [];
    const creator = await readCreator(account.openId).catch(() => undefined);
    return (creator?.privacyLevelOptions ?? []).map((level) => ({
      label: PRIVACY_NAMES[level],
      value: level,
    }));
  }

  function readCreator(openId: string): Promise<CreatorInfo> {
    const known = creators.get(openId);
    if (known !== undefined) return known;
    const creator = composer.queryCreator(openId);
    creators.set(openId, creator);
    return creator;
  }

  /** Chooses on the draft what came with its first file; what does not hold is left for the person to choose. */
  async function fulfil(draft: Draft, { account: key, privacyLevel }: Wishes): Promise<void> {
    const { id, author } = draft;
    try {
      const account = chosenFrom(await accounts.list(draft.workspace), key);
      if (key !== undefined && account !== undefined) await composer.pickAccount(id, author, account.openId);
      if (privacyLevel === undefined || !isPrivacyLevel(privacyLevel)) return;
      await composer.choose(id, author, { type: 'privacy', privacyLevel });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    } finally {
      cardQueue.touch(id, { soon: true });
    }
  }

  return { suggest, fulfil };
}

export type CommandOptions = ReturnType<typeof createCommandOptions>;

/** The account that a key stands for, or the only one. */
function chosenFrom(shared: readonly Account[], key: string | undefined): Account | undefined {
  if (key !== undefined) return shared.find(({ openId }) => accountKey(openId) === key);
  return shared.length === 1 ? shared[0] : undefined;
}
