import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createPersonLinks, type LinkCode, type PersonLink } from '../../../src/core/review/person-links.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { CLEO, DORA } from '../acts.ts';
import { temporaryDirectory } from '../media/files.ts';
import { T0 } from '../posts.ts';

const ANA = { id: 'telegram:1', name: 'Ana' };
const BEN = { id: 'telegram:2', name: 'Ben' };
const MINUTE_MS = 60_000;

function start() {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  let at = T0;
  const links = createPersonLinks({
    links: stores.store<PersonLink>('person-links'),
    codes: stores.store<LinkCode>('link-codes'),
    now: () => at,
  });
  const pass = (ms: number): void => {
    at += ms;
  };
  return { ...links, stores, pass };
}

it('makes two accounts one person, seen from both, until one of them parts them', async () => {
  const { issue, redeem, accountsOf, unlink } = start();
  expect(await accountsOf(ANA)).toEqual([ANA]);
  expect(await redeem(CLEO, (await issue(ANA)).toLowerCase().replace('-', ' '))).toEqual(ANA);
  expect(await accountsOf(ANA)).toEqual([CLEO, ANA]);
  expect(await accountsOf(CLEO)).toEqual([CLEO, ANA]);
  expect(await unlink(ANA)).toEqual([CLEO]);
  expect(await accountsOf(CLEO)).toEqual([CLEO]);
  expect(await unlink(CLEO)).toEqual([]);
});

it('takes a code once, for a quarter of an hour, and from another platform alone', async () => {
  const { issue, redeem, unlink, pass } = start();
  const seen = await issue(ANA);
  await expect(redeem(BEN, seen)).rejects.toMatchObject({ problem: { code: 'link_same_chat' } });
  // Whoever saw it being entered cannot use it.
  await expect(redeem(DORA, seen)).rejects.toMatchObject({ problem: { code: 'link_code_unknown' } });
  await expect(redeem(ANA, await issue(ANA))).rejects.toMatchObject({ problem: { code: 'link_same_chat' } });
  const code = await issue(ANA);
  await redeem(CLEO, code);
  await unlink(CLEO);
  await expect(redeem(CLEO, code)).rejects.toMatchObject({ problem: { code: 'link_code_unknown' } });
  const late = await issue(ANA);
  pass(15 * MINUTE_MS);
  await expect(redeem(CLEO, late)).rejects.toMatchObject({ problem: { code: 'link_code_unknown' } });
});

it('links no account twice, however many codes are entered at once', async () => {
  const { issue, redeem, accountsOf } = start();
  const codes = [await issue(ANA), await issue(ANA), await issue(BEN)];
  const entered = await Promise.allSettled([
    redeem(CLEO, codes[0] ?? ''),
    redeem(DORA, codes[1] ?? ''),
    redeem(CLEO, codes[2] ?? ''),
  ]);
  expect(entered.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(await accountsOf(ANA)).toEqual([CLEO, ANA]);
  expect(await accountsOf(BEN)).toEqual([BEN]);
  await expect(issue(CLEO)).rejects.toMatchObject({ problem: { code: 'already_linked' } });
});

it('takes few guesses, and then not even a good code', async () => {
  const { issue, redeem, pass } = start();
  const code = await issue(ANA);
  for (let guess = 0; guess < 5; guess += 1)
    await expect(redeem(CLEO, 'AAAA-BBBB')).rejects.toMatchObject({ problem: { code: 'link_code_unknown' } });
  await expect(redeem(CLEO, code)).rejects.toMatchObject({ problem: { code: 'too_many_codes' } });
  expect(await redeem(DORA, code)).toEqual(ANA);
  pass(61 * MINUTE_MS);
  expect(await redeem(CLEO, await issue(BEN))).toEqual(BEN);
});

it('makes few codes for one account, and keeps none in a form that could be entered', async () => {
  const { issue, stores, sweep, pass } = start();
  const made: string[] = [];
  for (let count = 0; count < 10; count += 1) made.push(await issue(ANA));
  await expect(issue(ANA)).rejects.toMatchObject({ problem: { code: 'too_many_codes' } });
  const kept = await Array.fromAsync(stores.store<LinkCode>('link-codes').entries());
  expect(kept).toHaveLength(10);
  expect(made.some((code) => JSON.stringify(kept).includes(code))).toBe(false);
  pass(16 * MINUTE_MS);
  await sweep();
  expect(await Array.fromAsync(stores.store<LinkCode>('link-codes').entries())).toEqual([]);
});
