import { expect, it } from 'vitest';
import type { Account } from '../../src/core/accounts/accounts.ts';
import type { Invitation } from '../../src/core/accounts/consent.ts';
import { outcomePage } from '../../src/web/connect/outcome-page.ts';

const invitation = { id: 'invitation', chatTitle: 'Studio' } as Invitation;
const connected = async (account: Pick<Account, 'nickname' | 'username'>, missingScopes: string[] = []) => {
  const outcome = {
    type: 'connected' as const,
    account: account as Account,
    invitation,
    missingScopes,
    lacksStats: true,
  };
  const text = String(await outcomePage(outcome).content);
  return /<p class="lead">(.*?)<\/p>/s.exec(text)?.[1]?.replace(/<[^>]*>/g, '');
};

it.each([
  { account: { nickname: 'Studio Ana', username: 'studio.ana' }, name: 'Studio Ana (@studio.ana)' },
  { account: { nickname: 'Studio Ana' }, name: 'Studio Ana' },
])('calls a connected account $name', async ({ account, name }) => {
  expect(await connected(account)).toBe(`${name} can now be posted to from Studio.`);
  expect(await connected(account, ['video.publish'])).toBe(
    `${name} is connected to Studio, but not everything was allowed:`,
  );
});
