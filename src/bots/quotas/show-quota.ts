import type { Accounts } from '../../core/accounts/accounts.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { Quotas } from '../../core/quotas/quotas.ts';
import type { Sender } from '../cards/send.ts';
import type { ChatEventOf } from '../platform.ts';
import { wordingOf } from '../text/wording.ts';
import { quotaCard } from './quota-card.ts';

/** Answers `/quota`: what the accounts of the place have used of TikTok's limits. */
export async function showQuota(
  {
    accounts,
    workspaces,
    quotas,
    sender,
    now,
  }: {
    accounts: Pick<Accounts, 'list'>;
    workspaces: Pick<Workspaces, 'settingsOf'>;
    quotas: Pick<Quotas, 'read' | 'readCreators'>;
    sender: Pick<Sender, 'answer'>;
    now: () => number;
  },
  event: ChatEventOf<'command'>,
): Promise<void> {
  const shared = await accounts.list(event.workspace);
  const { timeZone } = await workspaces.settingsOf(event.workspace);
  const read = await Promise.all(
    shared.map(async (account) => ({ account, quota: await quotas.read(account.openId) })),
  );
  const creators = await quotas.readCreators();
  const wording = wordingOf(event.chat);
  await sender.answer(event, quotaCard({ accounts: read, creators, wording, timeZone, now: now() }));
}
